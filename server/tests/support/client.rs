//! A client that asks step by step, at either level.

use std::{collections::VecDeque, fmt::Display, net::SocketAddr};

use futures::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::{
    WebSocketStream, client_async,
    tungstenite::{Message, client::IntoClientRequest, handshake::client::Request},
};

use super::{patient_with, within};

/// What came over a socket.
#[derive(Debug, PartialEq, Eq)]
pub enum Frame {
    Text(String),
    /// A close frame with its code.
    Closed(u16),
    /// The connection ended without one.
    Lost,
}

/// Of level 2. Within a text there is no quotation mark without a backslash.
fn is_heartbeat(text: &str) -> bool {
    text.contains(r#""type":"heartbeat""#)
}

/// How a client asks to be let in.
pub(super) fn upgrade(addr: SocketAddr, path: &str, headers: &[(&'static str, String)]) -> Request {
    let mut request = format!("ws://{addr}{path}").into_client_request().unwrap();
    for (name, value) in headers {
        request.headers_mut().insert(*name, value.parse().unwrap());
    }
    request
}

/// A socket of a client.
pub struct Client {
    pub(super) socket: WebSocketStream<TcpStream>,
    /// What came while something else was waited for.
    pub held: VecDeque<String>,
    pub(super) asked: u32,
    pub(super) enveloped: bool,
}

impl Client {
    /// At a server that is not a ward's.
    pub async fn at(addr: SocketAddr, path: &str, headers: &[(&'static str, String)]) -> Self {
        let stream = within("the connection", TcpStream::connect(addr)).await.unwrap();
        let handshake = client_async(upgrade(addr, path, headers), stream);
        let (socket, _) = within("the handshake", handshake).await.unwrap();
        Self { socket, held: VecDeque::new(), asked: 0, enveloped: path == "/ws/" }
    }

    pub async fn send(&mut self, text: impl Display) {
        self.send_message(Message::text(text.to_string())).await;
    }

    pub async fn send_message(&mut self, message: Message) {
        within("the server to read", self.socket.send(message)).await.unwrap();
    }

    /// As above, where the server may close the connection meanwhile.
    pub async fn try_send(&mut self, message: Message) {
        let _ = within("the server to read", self.socket.send(message)).await;
    }

    /// The next frame off the wire, past heartbeats: those come by the clock, whatever else happens.
    pub async fn frame(&mut self) -> Frame {
        loop {
            match self.any_frame().await {
                Frame::Text(text) if is_heartbeat(&text) => {}
                frame => return frame,
            }
        }
    }

    /// The next frame off the wire.
    pub async fn any_frame(&mut self) -> Frame {
        loop {
            return match within("a frame", self.socket.next()).await {
                Some(Ok(Message::Text(text))) => Frame::Text(text.to_string()),
                Some(Ok(Message::Close(frame))) => Frame::Closed(frame.map_or(1005, |frame| frame.code.into())),
                Some(Ok(_)) => continue,
                Some(Err(_)) | None => Frame::Lost,
            };
        }
    }

    /// The next heartbeat.
    pub async fn heartbeat_text(&mut self) -> String {
        loop {
            match self.any_frame().await {
                Frame::Text(text) if is_heartbeat(&text) => return text,
                Frame::Text(text) => self.held.push_back(text),
                other => panic!("expected a heartbeat, but got {other:?}"),
            }
        }
    }

    /// The next text, those first that came while a reply was waited for.
    pub async fn text(&mut self) -> String {
        if let Some(text) = self.held.pop_front() {
            return text;
        }
        match self.frame().await {
            Frame::Text(text) => text,
            other => panic!("expected a text, but got {other:?}"),
        }
    }

    pub async fn next(&mut self) -> Value {
        serde_json::from_str(&self.text().await).unwrap()
    }

    /// Reads on until the server closes the socket.
    pub async fn close_code(&mut self) -> Frame {
        loop {
            let frame = self.frame().await;
            if !matches!(frame, Frame::Text(_)) {
                return frame;
            }
        }
    }

    /// Sends a frame and gives the text of the next one that is no push to the socket as a whole.
    pub async fn ask_text(&mut self, text: impl Display) -> String {
        self.send(text).await;
        loop {
            match self.frame().await {
                Frame::Text(text) if text.contains(r#""type":"patient.change""#) => self.held.push_back(text),
                Frame::Text(text) => return text,
                other => panic!("expected a reply, but got {other:?}"),
            }
        }
    }

    pub async fn ask(&mut self, text: impl Display) -> Value {
        serde_json::from_str(&self.ask_text(text).await).unwrap()
    }

    /// Sends a request under an id of its own, in this socket's framing, and gives the reply to it.
    pub async fn request(&mut self, mut request: Value) -> Value {
        self.asked += 1;
        let id = format!("asked-{}", self.asked);
        request["request_id"] = json!(id);
        if self.enveloped {
            request = json!({"stream": "patients", "payload": request});
        }
        self.send(request).await;
        loop {
            let Frame::Text(text) = self.frame().await else { panic!("expected a reply") };
            let mut frame: Value = serde_json::from_str(&text).unwrap();
            if self.enveloped {
                frame = frame["payload"].take();
            }
            if frame["request_id"] == *id {
                return frame;
            }
            self.held.push_back(text);
        }
    }

    /// Creates a patient with these values beside the required ones; gives it as it is now.
    pub async fn create(&mut self, values: Value) -> Value {
        let reply = self.request(json!({"action": "create", "data": patient_with(values)})).await;
        assert_eq!(reply["response_status"], 201, "{reply}");
        reply["data"].clone()
    }

    /// As above, and hears of it: sockets that are opened from now on do not.
    pub async fn create_and_hear(&mut self, values: Value) -> Value {
        let row = self.create(values).await;
        while self.push().await["pk"] != row["id"] {}
        row
    }

    pub async fn patch(&mut self, pk: &Value, data: Value) -> Value {
        self.request(json!({"action": "patch", "pk": pk, "data": data})).await
    }

    /// The next push to the socket as a whole, past frames of subscriptions.
    pub async fn push(&mut self) -> Value {
        loop {
            let frame = self.next().await;
            if frame["type"] == "patient.change" && frame["request_id"].is_null() {
                return frame;
            }
        }
    }

    /// Every frame up to and with the socket's own push of the change at `seq`.
    pub async fn frames_to(&mut self, seq: i64) -> Vec<Value> {
        let mut frames = Vec::new();
        loop {
            let frame = self.next().await;
            let last = frame["type"] == "patient.change" && frame["request_id"].is_null() && frame["seq"] == seq;
            frames.push(frame);
            if last {
                return frames;
            }
        }
    }

    pub async fn close(mut self) {
        let _ = self.socket.close(None).await;
    }
}
