//! Plain requests.

use std::{fmt::Write as _, net::SocketAddr};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use super::within;

/// One HTTP request, of version 1.0 so that nothing comes in chunks; headers are whole lines.
pub async fn http(addr: SocketAddr, method: &str, path: &str, headers: &[&str], body: &str) -> Answer {
    within("an answer", try_http(addr, method, path, headers, body)).await.unwrap()
}

/// As above, where the connection may be refused or lost.
pub async fn try_http(
    addr: SocketAddr,
    method: &str,
    path: &str,
    headers: &[&str],
    body: &str,
) -> std::io::Result<Answer> {
    let mut text = format!("{method} {path} HTTP/1.0\r\nhost: {addr}\r\n");
    for header in headers {
        text.push_str(header);
        text.push_str("\r\n");
    }
    if method == "POST" {
        text.push_str("content-type: application/x-www-form-urlencoded\r\n");
        write!(text, "content-length: {}\r\n", body.len()).unwrap();
    }
    text.push_str("\r\n");
    text.push_str(body);
    let mut stream = TcpStream::connect(addr).await?;
    stream.write_all(text.as_bytes()).await?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await?;
    Ok(Answer(String::from_utf8_lossy(&answer).into_owned()))
}

/// An HTTP answer as it came.
#[derive(Debug)]
pub struct Answer(pub String);

impl Answer {
    pub fn status(&self) -> u16 {
        self.0.split(' ').nth(1).unwrap().parse().unwrap()
    }

    pub fn head(&self) -> &str {
        self.0.split("\r\n\r\n").next().unwrap()
    }

    pub fn body(&self) -> &str {
        self.0.split_once("\r\n\r\n").unwrap().1
    }

    /// The value of a header; the first one where there are several.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.head().lines().filter_map(|line| line.split_once(": ")).find(|(n, _)| *n == name).map(|(_, value)| value)
    }

    /// `cookie: name=value`, as a browser sends back what it was given.
    pub fn cookie(&self) -> String {
        format!("cookie: {}", self.header("set-cookie").unwrap().split(';').next().unwrap())
    }
}
