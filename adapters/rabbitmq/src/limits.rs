//! Every limit of this adapter by name, so that meeting one is never a surprise.

use std::time::Duration;

/// Deliveries a partition may have unacknowledged before the broker stops sending it more.
pub(crate) const PREFETCH: u16 = 256;

/// The same while the broker holds something that cannot be read: only the culprit is returned to its queue again and
/// again, not its neighbours. A quorum queue puts it behind what was returned before, so the neighbours go on.
pub(crate) const PREFETCH_CAREFUL: u16 = 1;

/// How long a connection must live before unreadable messages are considered gone.
pub(crate) const CAREFUL_FOR: Duration = Duration::from_secs(60);

/// Messages sent before their confirms are awaited.
pub(crate) const PUBLISH_IN_FLIGHT_MAX: usize = 1024;

/// Channels for messages that must reach a queue. One call at a time uses each, so that a returned message is
/// certainly one of its own.
pub(crate) const LANES: usize = 8;

/// How long messages may take to leave through the socket.
pub(crate) const SEND_WAIT: Duration = Duration::from_secs(5);

/// How long the broker may take to confirm what was sent.
pub(crate) const CONFIRM_WAIT: Duration = Duration::from_secs(10);

/// How long an acknowledgement may take to leave through the socket.
pub(crate) const ACKNOWLEDGE_WAIT: Duration = Duration::from_secs(5);

/// How long the engine may take to answer a submission that waits for its answer.
pub(crate) const REPLY_WAIT: Duration = Duration::from_secs(10);

/// How long connecting may take, from the first packet to the end of the handshake.
pub(crate) const CONNECT_WAIT: Duration = Duration::from_secs(10);

/// How long declaring exchanges and queues may take. Creating many quorum queues on a busy broker is slow.
pub(crate) const TOPOLOGY_WAIT: Duration = Duration::from_secs(60);

/// How long one small question to the broker (open a channel, bind, consume) may take.
pub(crate) const ASK_WAIT: Duration = Duration::from_secs(10);

/// How long a goodbye may take before we leave without.
pub(crate) const CLOSE_WAIT: Duration = Duration::from_secs(3);

/// How long a call waits for a connection that is being made before it fails.
pub(crate) const LINK_WAIT: Duration = Duration::from_secs(1);

/// Wait before the second attempt to connect; doubled after every further one.
pub(crate) const BACKOFF_FIRST: Duration = Duration::from_millis(100);

/// Longest wait between two attempts to connect.
pub(crate) const BACKOFF_MAX: Duration = Duration::from_secs(5);

/// Heartbeat asked for when the URL does not name one: a dead broker is noticed after about twice this.
pub(crate) const HEARTBEAT_S: u16 = 20;

/// How often the state of the connection is looked at, in case no event tells of its end.
pub(crate) const LOOK_EVERY: Duration = Duration::from_millis(500);

/// How often the watchdog of a partition looks.
pub(crate) const WATCH_EVERY: Duration = Duration::from_secs(10);

/// Silence of a partition after which the watchdog asks the broker whether messages are ready.
pub(crate) const STALL_AFTER: Duration = Duration::from_secs(30);

/// Attempts to consume a partition before the whole connection, and with it the topology, is made anew.
pub(crate) const CONSUME_ATTEMPTS: u32 = 3;

/// Publications kept for a slow listener before its stream ends.
pub(crate) const LISTEN_BACKLOG: usize = 1024;

/// Publications the broker keeps for all listeners of one process before it drops the oldest.
pub(crate) const LISTEN_QUEUE_LENGTH: i64 = 10_000;

/// Deliveries of one message after which the broker itself moves it to the dead letters. A back-stop for what never
/// reaches the engine; the engine quarantines by itself long before.
pub(crate) const DELIVERIES_MAX: i64 = 100;

/// Bytes of an AMQP short string: routing key, message id, type.
pub(crate) const SHORT_BYTES_MAX: usize = 255;

/// Bytes of one header value that is a text.
pub(crate) const HEADER_BYTES_MAX: usize = 4096;

/// How deep lists and tables of a header may stand in each other; what is deeper is not kept. Programs that read JSON give
/// up at about a hundred.
pub(crate) const HEADER_DEPTH_MAX: usize = 32;

/// Bytes of all headers of a message as they are sent: they must fit into one frame, and brokers allow 128 kB. One that
/// does not costs the whole connection.
pub(crate) const HEADERS_BYTES_MAX: usize = 64 * 1024;

/// Bytes of one input. The default limit of current brokers; a larger message would cost the whole channel.
pub(crate) const INPUT_BYTES_MAX: usize = 16 * 1024 * 1024;
