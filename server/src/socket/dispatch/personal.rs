//! Level 2: what each user has of their own. Viewers may do it too: it is theirs.

use app::{
    patient::{FieldErrors, NON_FIELD},
    wire::{How, Present, Reply, words},
};
use serde_json::Value;

use super::{Dispatch, Refused};
use crate::{
    asides::Seat,
    feed::encode,
    store::{Remember, RememberError},
};

impl Dispatch<'_> {
    /// `None`: the action is another one.
    pub(super) async fn personal(&self, action: &str, seat: &Seat) -> Option<Result<Reply, Refused>> {
        Some(match action {
            "personal" => self.tell_personal().await,
            "remember" => self.remember().await,
            "attend" => self.attend(seat),
            _ => return None,
        })
    }

    async fn tell_personal(&self) -> Result<Reply, Refused> {
        let personal = self.state.store.personal(self.principal.account_id).await?;
        Ok(Reply::ok(200, Some(encode(&personal))))
    }

    async fn remember(&self) -> Result<Reply, Refused> {
        self.require(&["data"])?;
        let data = self.request.data().ok_or(Refused::NotFound)?;
        let what = data.and_then(|data| Remember::read(&data)).map_err(Refused::Invalid)?;
        let account = self.principal.account_id;
        match self.state.store.remember(account, &what).await {
            Ok(remembered) => self.state.asides.remembered(account, remembered),
            Err(error @ RememberError::TooMany) => {
                return Err(Refused::Invalid(FieldErrors::one(NON_FIELD, error.to_string())));
            }
            Err(RememberError::Store(error)) => return Err(error.into()),
        }
        Ok(Reply::ok(200, None))
    }

    fn attend(&self, seat: &Seat) -> Result<Reply, Refused> {
        let others: Vec<Present> = if self.request.non_null("pk").is_none() {
            seat.leave();
            Vec::new()
        } else {
            let pk = self.pk()?;
            self.require(&["data"])?;
            let data = self.request.data().ok_or(Refused::NotFound)?.map_err(Refused::Invalid)?;
            let how = read_how(data.get("how")).map_err(|words| Refused::Invalid(FieldErrors::one("how", words)))?;
            seat.attend(pk, how, &self.principal.name)
        };
        Ok(Reply::ok(200, Some(encode(&others))))
    }
}

fn read_how(value: Option<&Value>) -> Result<How, String> {
    let value = value.ok_or(words::REQUIRED)?;
    match value.as_str() {
        Some("viewing") => Ok(How::Viewing),
        Some("editing") => Ok(How::Editing),
        Some(other) => Err(format!("\"{other}\" is not a valid choice.")),
        None => Err(format!("\"{value}\" is not a valid choice.")),
    }
}
