//! What a back office does: changes of a catalogue, and what it reads.

use reqwest::header;
use serde_json::Value;

use super::{DoorAnswer, DoorClient, read};

impl DoorClient {
    /// Changes a part of the store's newest catalogue, as it is now.
    pub async fn change(&self, part: &str, body: &Value) -> DoorAnswer {
        let store = format!("/v1/branches/{}", self.branch);
        self.put_seen(&format!("{store}/catalogue"), &format!("{store}/{part}"), body).await
    }

    /// Changes a discount rule of the whole company.
    pub async fn change_of_company(&self, part: &str, body: &Value) -> DoorAnswer {
        self.put_seen("/v1/discounts", &format!("/v1/{part}"), body).await
    }

    /// Changes what was looked at just before at `seen`.
    async fn put_seen(&self, seen: &str, path: &str, body: &Value) -> DoorAnswer {
        let request = self.http.get(format!("{}{seen}", self.base)).bearer_auth(&self.token);
        let answer = request.send().await.expect("the door answers");
        let tag = answer.headers().get(header::ETAG).expect("it has a tag").clone();
        let request = self.http.put(format!("{}{path}", self.base)).bearer_auth(&self.token);
        let request = request.header(header::IF_MATCH, tag).json(body);
        let answer = request.send().await.expect("the door answers");
        let answer = read(answer).await.expect("the answer is JSON");
        assert_eq!(answer.status, 200, "{path}: {answer:?}");
        answer
    }

    /// A header of an answer that is no JSON, and its body.
    pub async fn download(&self, path: &str, header: &str) -> (String, String) {
        let request = self.http.get(format!("{}{path}", self.base)).bearer_auth(&self.token);
        let answer = request.send().await.expect("the door answers");
        assert_eq!(answer.status(), 200, "{path}");
        let header = answer.headers().get(header).and_then(|value| value.to_str().ok());
        let header = header.expect("it has this header").to_owned();
        (header, answer.text().await.expect("a text"))
    }

    /// The address of something of the store.
    pub fn at(&self, part: &str) -> String {
        format!("/v1/branches/{}/{part}", self.branch)
    }
}
