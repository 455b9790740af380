"""A chat channel and an agent's desk in another language: nothing but an AMQP client.

Publishes START_CHAT and messages to `convene.in`, receives the bot's and the agent's words on a queue of its own bound
to `convene.out`, and works as an agent by commands. Needs AMQP_URL and DATABASE_URL; starts the engine itself
(CONVENE_BIN, or the debug build of this repository) and stops it.
"""

import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
import uuid

import pika

ROOT = pathlib.Path(__file__).resolve().parents[2]
BINARY = pathlib.Path(os.environ.get("CONVENE_BIN", ROOT / "target" / "debug" / "convene"))
PATIENCE_S = 60
RUN = uuid.uuid4().hex[:8]
CUSTOMER = f"python-{RUN}"


def main():
    if not os.environ.get("AMQP_URL") or not os.environ.get("DATABASE_URL"):
        print("skipped: AMQP_URL and DATABASE_URL are not set")
        return
    if not BINARY.is_file():
        sys.exit(f"there is no {BINARY}: build it with `cargo build -p convene`, or name another in CONVENE_BIN")
    with tempfile.TemporaryDirectory() as home:
        engine, url = start_engine(home)
        try:
            chat(Connector())
            ready = urllib.request.urlopen(f"{url}/readyz", timeout=10).status
            check(ready == 200, "the engine is ready all the time")
        finally:
            stop_engine(engine, pathlib.Path(home) / "engine.log")


def start_engine(home):
    """Starts an engine on a free port and waits until it serves."""
    log = pathlib.Path(home) / "engine.log"
    command = [BINARY, "run", "--listen", "127.0.0.1:0", "--dir", ROOT]
    settings = {**os.environ, "CONVENE_LOG": "info"}
    settings.pop("CONVENE_CRASH_AT", None)
    with open(log, "wb") as file:
        engine = subprocess.Popen(command, cwd=home, env=settings, stdout=subprocess.DEVNULL, stderr=file)
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until and engine.poll() is None:
        words = log.read_text(errors="replace")
        if '"address":"' in words:
            url = "http://" + words.split('"address":"')[1].split('"')[0]
            try:
                urllib.request.urlopen(f"{url}/readyz", timeout=2)
                return engine, url
            except OSError:
                pass
        time.sleep(0.05)
    engine.kill()
    sys.exit(f"the engine does not serve:\n{log.read_text(errors='replace')}")


def stop_engine(engine, log):
    engine.send_signal(signal.SIGTERM)
    try:
        code = engine.wait(20)
    except subprocess.TimeoutExpired:
        engine.kill()
        code = "no answer"
    if sys.exc_info()[0] or code != 0:
        print(log.read_text(errors="replace"), file=sys.stderr)
    check(code == 0, "the engine stops when it is asked to")


class Connector:
    """A channel connector and a desk on one connection."""

    def __init__(self):
        self.channel = pika.BlockingConnection(pika.URLParameters(os.environ["AMQP_URL"])).channel()
        self.channel.confirm_delivery()
        self.queue = self.channel.queue_declare("", exclusive=True).method.queue
        for key in ("channel.WEB.1218", "agent.#", "event.AGENT_STATE_CHANGED"):
            self.channel.queue_bind(self.queue, "convene.out", key)
        self.heard = []
        self.sent = 0

    def publish(self, kind, key, body):
        """Confirmed by the broker, or an exception; publishing again under the same id would be safe."""
        properties = pika.BasicProperties(
            type=kind, message_id=body["id"], delivery_mode=2, content_type="application/json"
        )
        self.channel.basic_publish("convene.in", key, json.dumps(body).encode(), properties, mandatory=True)

    def next_id(self):
        self.sent += 1
        return f"{CUSTOMER}-{self.sent}"

    def message(self, text=None, intent=None):
        """A message of the customer, in the shape a web connector gives it."""
        data = {
            "channelCustomerIdentifier": CUSTOMER,
            "serviceIdentifier": "1218",
            "requestPriority": 0,
            "customerFirstName": "Nina",
            "customerLastName": None,
            "additionalAttributes": [],
        }
        sender = {"id": "web-1", "type": "CONNECTOR", "senderName": "WEB_CONNECTOR", "additionalDetail": None}
        header = {
            "sender": sender, "channelData": data, "language": {}, "timestamp": int(time.time() * 1000),
            "securityInfo": {}, "stamps": [], "intent": intent, "entities": None, "originalMessageId": None,
        }
        body = {"type": "PLAIN", "markdownText": text} if text else None
        self.publish("cim-message", CUSTOMER, {"id": self.next_id(), "header": header, "body": body})

    def command(self, name, **data):
        key = data.get("conversationId", "routing")
        self.publish("command", key, {"id": self.next_id(), "name": name, "data": data})

    def wait(self, what, wanted):
        """The first publication that `wanted` likes, among those that came and those that come."""
        for key, body in self.heard:
            if wanted(key, body):
                return body
        until = time.monotonic() + PATIENCE_S
        while time.monotonic() < until:
            for method, _, raw in self.channel.consume(self.queue, inactivity_timeout=1):
                if method is None:
                    break
                self.channel.basic_ack(method.delivery_tag)
                key, body = method.routing_key, json.loads(raw)
                self.heard.append((key, body))
                if wanted(key, body):
                    return body
        sys.exit(f"not within {PATIENCE_S} s: {what}")

    def told(self, text):
        """Waits until the customer is told something."""
        def wanted(key, body):
            said = (body.get("body") or {}).get("markdownText") or ""
            return key.startswith("channel.") and mine(body) and text in said
        message = self.wait(f"the customer hears: {text}", wanted)
        check(True, f"the customer hears: {text}")
        return message


def mine(body):
    data = (body.get("header") or {}).get("channelData") or {}
    return data.get("channelCustomerIdentifier") == CUSTOMER


def chat(c):
    c.command("AGENT_LOGIN", agentId="amal")
    c.command("AGENT_STATE", agentId="amal", state="READY")
    c.command("AGENT_MRD_STATE", agentId="amal", mrd="CHAT", state="READY")
    c.wait("amal is ready", lambda key, body: key == "event.AGENT_STATE_CHANGED" and "READY" in json.dumps(body))
    check(True, "an agent comes to work by commands")

    c.message(intent="START_CHAT")
    c.message("When are you open?")
    c.told("We are open from Monday to Friday")
    c.message("Talk to a person")
    offer = c.wait("an offer at the desk", lambda key, body: key == "agent.amal" and "taskId" in body and ours(body))
    conversation = offer["conversationId"]
    check(True, "the agent is offered the conversation")

    c.command("TASK_ACCEPT", agentId="amal", taskId=offer["taskId"])
    c.wait("the agent is in", lambda key, body: key == "agent.amal" and "topicData" in body)
    words = {"type": "PLAIN", "markdownText": "Good day from the desk"}
    c.command("AGENT_MESSAGE", agentId="amal", conversationId=conversation, body=words)
    c.told("Good day from the desk")
    c.command("AGENT_LEAVE", agentId="amal", conversationId=conversation)
    codes = [{"categoryName": "Result", "value": "Solved"}]
    c.command("WRAP_UP", agentId="amal", conversationId=conversation, wrapups=codes)
    c.message(intent="END_CHAT")
    ended = lambda key, body: mine(body) and (body.get("body") or {}).get("notificationType") == "CHANNEL_SESSION_ENDED"
    c.wait("the end of the session", ended)
    check(True, "the session ends")
    c.command("AGENT_LOGOUT", agentId="amal")


def ours(body):
    data = (body.get("channelSession") or {}).get("channelData") or {}
    return data.get("channelCustomerIdentifier") == CUSTOMER


def check(good, promise):
    if not good:
        sys.exit(f"not ok {promise}")
    print(f"ok {promise}", flush=True)


if __name__ == "__main__":
    main()
