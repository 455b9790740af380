//! Answers of bots: whatever a body holds, the answer is a problem with a code.

use super::{TOKEN, call, serve};

#[tokio::test]
async fn what_is_no_answer_is_refused_by_name() {
    let (engine, address) = serve("bots-refused").await;
    let token = format!("authorization: Bearer {TOKEN}");
    let cases = [
        ("[]", 400, "not_an_object"),
        ("5", 400, "not_an_object"),
        ("\"words\"", 400, "not_an_object"),
        ("null", 400, "not_an_object"),
        ("{}", 422, "missing_field"),
        (r#"{"conversationId":""}"#, 422, "missing_field"),
        (r#"{"conversationId":5}"#, 422, "wrong_field"),
        (r#"{"conversationId":"c1","botId":5}"#, 422, "wrong_field"),
        (r#"{"conversationId":"c1","botId":"other","BotMessage":[]}"#, 400, "wrong_bot"),
        (r#"{"conversationId":"c1","BotMessage":[]}"#, 404, "unknown_conversation"),
    ];
    for (body, status, code) in cases {
        let (answered, problem) =
            call(&address, "POST /bots/later/messages", &["host: localhost", &token], body).await;
        assert_eq!((answered, &problem["code"]), (status, &code.into()), "{body}: {problem}");
        assert!(problem["detail"].as_str().unwrap().len() > 10, "{body}: {problem}");
    }
    engine.stop().await;
}
