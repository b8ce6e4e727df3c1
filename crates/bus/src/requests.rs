//! Questions of edges to the centre, and its answers. Either may be lost; an
//! edge asks again.

use std::time::Duration;

use async_nats::{HeaderMap, Message, Request, Subject, Subscriber, client::RequestErrorKind};
use bytes::Bytes;
use futures::StreamExt;
use schemas::{
    ids::InvalidId,
    subjects::{CENTRAL_ALL, CentralSubject},
};
use serde::{Serialize, de::DeserializeOwned};

use crate::{
    Bus, BusError,
    headers::{self, Reader, Writer},
};

/// Those who answer share the questions among them.
const QUEUE_GROUP: &str = "ingest";

/// Asks the centre and waits for its answer, `timeout` at most.
///
/// # Errors
/// [`BusError::Refused`] if the centre says no, [`BusError::NobodyAnswers`],
/// [`BusError::Timeout`], [`BusError::Disconnected`], or
/// [`BusError::Malformed`] if the answer is not a `Rep`.
pub async fn request<Req: Serialize, Rep: DeserializeOwned>(
    bus: &Bus,
    subject: CentralSubject,
    question: &Req,
    timeout: Duration,
) -> Result<Rep, BusError> {
    let body =
        serde_json::to_vec(question).map_err(|error| BusError::malformed("a question", error))?;
    let answer = request_bytes(bus, subject, body.into(), timeout).await?;
    serde_json::from_slice(&answer)
        .map_err(|error| BusError::malformed(format!("the answer to {subject}"), error))
}

/// The same with bodies as they are, e.g. for a catalogue.
///
/// # Errors
/// As [`request`].
pub async fn request_bytes(
    bus: &Bus,
    subject: CentralSubject,
    body: Bytes,
    timeout: Duration,
) -> Result<Bytes, BusError> {
    bus.needs_line()?;
    let what = subject.to_string();
    let question = Request::new().payload(body).timeout(Some(timeout));
    let answer = match bus.client().send_request(what.clone(), question).await {
        Ok(answer) => answer,
        Err(error) => {
            return Err(match error.kind() {
                RequestErrorKind::TimedOut => bus.timeout(&what),
                RequestErrorKind::NoResponders => BusError::NobodyAnswers(what),
                _ => BusError::broker(format!("asking {what}"), error),
            });
        }
    };
    match Reader(answer.headers.as_ref()).text(headers::ERROR) {
        Ok(code) => Err(BusError::Refused {
            code: code.to_owned(),
            text: String::from_utf8_lossy(&answer.payload).into_owned(),
        }),
        Err(_) => Ok(answer.payload),
    }
}

/// Takes the questions of all edges, shared with every other process that does.
///
/// # Errors
/// If the connection was closed for good.
pub async fn serve(bus: &Bus) -> Result<Questions, BusError> {
    let subscriber = bus.client().queue_subscribe(CENTRAL_ALL, QUEUE_GROUP.to_owned()).await;
    let subscriber = subscriber.map_err(|error| BusError::broker("listening to edges", error))?;
    Ok(Questions { bus: bus.clone(), subscriber })
}

/// Questions as they come.
pub struct Questions {
    bus: Bus,
    subscriber: Subscriber,
}

impl Questions {
    /// The next one; `None` when the connection was closed for good. What asks
    /// for no answer is passed over.
    pub async fn next(&mut self) -> Option<Question> {
        loop {
            let Message { subject, reply, payload, .. } = self.subscriber.next().await?;
            if let Some(reply) = reply {
                let subject = CentralSubject::parse(&subject);
                return Some(Question { subject, body: payload, bus: self.bus.clone(), reply });
            }
        }
    }
}

/// One question.
pub struct Question {
    /// Who asks what. The broker holds each edge to its own subjects.
    pub subject: Result<CentralSubject, InvalidId>,
    /// The question itself.
    pub body: Bytes,
    bus: Bus,
    reply: Subject,
}

impl Question {
    /// Answers with JSON.
    ///
    /// # Errors
    /// If there is no line, or the answer is too large for a message.
    pub async fn answer(self, answer: &impl Serialize) -> Result<(), BusError> {
        let body =
            serde_json::to_vec(answer).map_err(|error| BusError::malformed("an answer", error))?;
        self.answer_bytes(body.into()).await
    }

    /// Answers with bytes as they are.
    ///
    /// # Errors
    /// As [`Self::answer`].
    pub async fn answer_bytes(self, body: Bytes) -> Result<(), BusError> {
        self.send(HeaderMap::new(), body).await
    }

    /// Says no: a stable `code` and a sentence.
    ///
    /// # Errors
    /// As [`Self::answer`].
    pub async fn refuse(self, code: &str, text: &str) -> Result<(), BusError> {
        let headers = Writer::default().set(headers::ERROR, code)?.finish();
        self.send(headers, Bytes::from(text.to_owned())).await
    }

    async fn send(self, headers: HeaderMap, body: Bytes) -> Result<(), BusError> {
        self.bus.needs_line()?;
        let client = self.bus.client();
        let sent = if headers.is_empty() {
            client.publish(self.reply, body).await
        } else {
            client.publish_with_headers(self.reply, headers, body).await
        };
        sent.map_err(|error| BusError::broker("answering", error))
    }
}
