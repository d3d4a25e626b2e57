use leptos::{ev::SubmitEvent, prelude::*};

use super::{conflict::ConflictPart, dialog::DialogTitle, presence::Presence, submission::Submission};
use crate::wire::How;

/// What a dialog about a patient asks before it sends; once there is a conflict, the decision about that in its place.
#[component]
pub(super) fn Question(
    submission: Submission,
    /// The patient.
    id: i64,
    title: String,
    /// What sending does.
    send: Box<dyn FnMut(SubmitEvent)>,
    children: Children,
) -> impl IntoView {
    view! {
        <ConflictPart submission/>
        <form on:submit=send novalidate class:hidden=submission.in_conflict()>
            <DialogTitle text=title/>
            <Presence id how=How::Editing/>
            {children()}
        </form>
    }
    .into_any()
}
