use std::sync::Arc;

use leptos::prelude::*;

use super::{erased::text, patient_row::row_index};
use crate::{
    language::use_language,
    list::{
        beds::{Bed, Item},
        columns::Column,
    },
    live::View,
    wording::ward_and_room,
};

/// A bed that nobody is in (PAL-0660).
#[component]
pub(super) fn EmptyBed(bed: Arc<Bed>) -> impl IntoView {
    let view = expect_context::<View>();
    let columns = expect_context::<Memo<Vec<Column>>>();
    let place = ward_and_room(&bed.ward, bed.room.as_deref());
    let t = use_language();
    let name = bed.bed.clone();
    view! {
        <tr class="unoccupied" aria-rowindex=row_index(view, Item::Empty(bed))>
            <td class="place" data-label=t.text("wording.place")><span class="bed">{name}</span><span class="sub">{place}</span></td>
            <th scope="row" class="identity">{t.text("wording.unoccupied")}</th>
            <td colspan=text(move || columns.with(Vec::len).max(1).to_string())></td>
        </tr>
    }
    .into_any()
}
