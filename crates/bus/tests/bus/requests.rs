use std::time::Duration;

use bus::{BusError, notices, requests};
use schemas::{
    requests::{ConfirmedV1, JournalHead, MappingReplyV1, MappingRequestV1},
    subjects::{self, CentralRequest, CentralSubject},
};

use testkit::Nats;

use crate::server::{self, branch, edge, soon, tenant};

const PATIENCE: Duration = Duration::from_secs(5);

fn subject(what: CentralRequest) -> CentralSubject {
    CentralSubject { tenant_id: tenant(), branch_id: branch(), edge_id: edge(), what }
}

#[tokio::test]
async fn a_question_is_answered_or_refused_and_silence_is_told_apart() {
    let nats = Nats::new().await;
    let bus = server::bus(&nats).await;
    let question = MappingRequestV1 { after_mapping_seq: 3, limit: 10 };
    let mapping = subject(CentralRequest::Mapping);
    let nobody = requests::request::<_, MappingReplyV1>(&bus, mapping, &question, PATIENCE).await;
    assert!(matches!(nobody, Err(BusError::NobodyAnswers(_))), "{nobody:?}");

    let mut questions = requests::serve(&bus).await.unwrap();
    bus.flush().await.unwrap();
    tokio::spawn(async move {
        while let Some(question) = questions.next().await {
            match question.subject.as_ref().map(|subject| subject.what) {
                Ok(CentralRequest::Mapping) => {
                    let asked: MappingRequestV1 = serde_json::from_slice(&question.body).unwrap();
                    let head = asked.after_mapping_seq + 1;
                    question.answer(&MappingReplyV1 { rows: Vec::new(), head }).await.unwrap();
                }
                Ok(CentralRequest::Catalogue) => {
                    question.answer_bytes(b"as it is".as_slice().into()).await.unwrap();
                }
                Ok(CentralRequest::Stock) => {
                    question.refuse("edge_not_active", "this edge was replaced").await.unwrap();
                }
                // Never answered.
                Ok(_) => {}
                Err(_) => question.refuse("bad_subject", "no such question").await.unwrap(),
            }
        }
    });
    let reply: MappingReplyV1 =
        requests::request(&bus, mapping, &question, PATIENCE).await.unwrap();
    assert_eq!(reply.head, 4);
    let catalogue = subject(CentralRequest::Catalogue);
    let bytes = requests::request_bytes(&bus, catalogue, Default::default(), PATIENCE).await;
    assert_eq!(bytes.unwrap(), "as it is");
    let stock = subject(CentralRequest::Stock);
    match requests::request::<_, MappingReplyV1>(&bus, stock, &(), PATIENCE).await {
        Err(BusError::Refused { code, text }) => {
            assert_eq!(
                (code.as_str(), text.as_str()),
                ("edge_not_active", "this edge was replaced")
            );
        }
        other => panic!("was not refused: {other:?}"),
    }
    let silent = subject(CentralRequest::Facts);
    let short = Duration::from_millis(50);
    let late = requests::request::<_, MappingReplyV1>(&bus, silent, &(), short).await;
    assert!(matches!(late, Err(BusError::Timeout { .. })), "{late:?}");
}

#[tokio::test]
async fn a_notice_reaches_who_listens() {
    let nats = Nats::new().await;
    let bus = server::bus(&nats).await;
    let subject = subjects::confirmed(edge());
    let mut heard = notices::subscribe(&bus, &subject).await.unwrap();
    bus.flush().await.unwrap();
    let notice = ConfirmedV1 { cursor: JournalHead::EMPTY, resend: true, held: None };
    notices::notify(&bus, &subject, &notice).await.unwrap();
    let body = soon("the notice", heard.next()).await.unwrap();
    assert_eq!(serde_json::from_slice::<ConfirmedV1>(&body).unwrap(), notice);
}
