//! The closed lists of codes.

use serde::{Deserialize, Serialize};

/// Defines an enum of codes: its spelling on the wire and the words that a person reads.
macro_rules! codes {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $code:literal, $label:literal;)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum $name {
            $($(#[$variant_doc])* #[serde(rename = $code)] $variant,)+
        }

        impl Code for $name {
            const ALL: &'static [Self] = &[$(Self::$variant),+];

            fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $code),+ }
            }

            fn label(self) -> &'static str {
                match self { $(Self::$variant => $label),+ }
            }
        }
    };
}

/// A code out of a closed list.
pub trait Code: Copy + Eq + 'static {
    /// Every code, in the order in which a form offers them.
    const ALL: &'static [Self];

    /// As written on the wire.
    fn as_str(self) -> &'static str;

    /// As shown to a person.
    fn label(self) -> &'static str;

    /// The code with this spelling.
    fn from_code(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|code| code.as_str() == text)
    }
}

codes! {
    /// Administrative gender (FHIR R4 `administrative-gender`).
    Gender {
        /// Not recorded or not known.
        Unknown = "unknown", "Unknown";
        /// Female.
        Female = "female", "Female";
        /// Male.
        Male = "male", "Male";
        /// Other.
        Other = "other", "Other";
    }
}

codes! {
    /// Where the stay is in its course (FHIR R4 `Encounter.status`).
    Status {
        /// Announced, not here yet (`planned`).
        Expected = "expected", "Expected";
        /// In a bed of this hospital (`in-progress`).
        Admitted = "admitted", "Admitted";
        /// Away for a while, the bed kept (`onleave`).
        OnLeave = "on_leave", "On leave";
        /// Gone; `dismissal_date` tells since when (`finished`).
        Discharged = "discharged", "Discharged";
        /// Was expected, will not come (`cancelled`).
        Cancelled = "cancelled", "Cancelled";
    }
}

codes! {
    /// What is known about allergies. The default says that nobody has asked, which is not the same as "none".
    AllergyStatus {
        /// Nobody has recorded an answer.
        NotRecorded = "not_recorded", "Allergies not recorded";
        /// There are allergies: see the record.
        Known = "known", "Allergies";
        /// Asked, and there are none.
        NoneKnown = "none_known", "No known allergies";
        /// Could not be asked.
        Unavailable = "unavailable", "Allergies unavailable";
    }
}

codes! {
    /// Whether resuscitation is limited. The default says that no decision is recorded, which is not the same as "full".
    CodeStatus {
        /// No decision is recorded.
        NotRecorded = "not_recorded", "Resus status not recorded";
        /// Full resuscitation.
        Full = "full", "Full resus";
        /// Treatment is limited: see the record.
        Limited = "limited", "Limited resus";
    }
}

impl Status {
    /// The states that follow this one by one action; each is the undoing of its opposite.
    pub fn next(self) -> &'static [Status] {
        match self {
            Self::Expected => &[Self::Admitted, Self::Cancelled],
            Self::Admitted => &[Self::OnLeave, Self::Discharged, Self::Expected],
            Self::OnLeave => &[Self::Admitted, Self::Discharged],
            Self::Discharged => &[Self::Admitted, Self::OnLeave],
            Self::Cancelled => &[Self::Expected],
        }
    }

    /// Whether the stay may go from this state to `to` in one step.
    pub fn may_become(self, to: Status) -> bool {
        self == to || self.next().contains(&to)
    }

    /// Whether the patient is, or keeps, a bed of the ward.
    pub fn occupies_bed(self) -> bool {
        matches!(self, Self::Admitted | Self::OnLeave)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_transition_can_be_undone() {
        for from in Status::ALL {
            for to in from.next() {
                assert!(to.may_become(*from), "{from:?} → {to:?} has no way back");
            }
        }
    }

    #[test]
    fn a_code_reads_back_and_serialises_as_it_is_spelt() {
        for status in Status::ALL {
            assert_eq!(Status::from_code(status.as_str()), Some(*status));
            assert_eq!(serde_json::to_value(status).unwrap(), status.as_str());
        }
    }
}
