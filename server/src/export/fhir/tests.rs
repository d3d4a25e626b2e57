use super::*;

fn row(values: Value) -> Arc<Patient> {
    let now = "2026-11-25T03:00:00Z".parse().unwrap();
    let mut data = json!({"first_name": "Ada", "last_name": "Lovelace", "admission_date": "2026-11-01T08:30:00Z"});
    data.as_object_mut().unwrap().extend(values.as_object().unwrap().clone());
    Arc::new(Patient { id: 7, version: 3, ..Patient::admit(data.as_object().unwrap(), now).unwrap() })
}

fn export(rows: &[Arc<Patient>]) -> Vec<Value> {
    let text = ndjson(rows, &HashMap::new());
    assert!(text.is_empty() || text.ends_with('\n'));
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn of_type<'a>(resources: &'a [Value], name: &str) -> Vec<&'a Value> {
    resources.iter().filter(|resource| resource["resourceType"] == name).collect()
}

#[test]
fn who_a_patient_is() {
    let full = export(&[row(json!({
        "title": "Ms", "middle_names": "Augusta King", "preferred_name": "Addie", "medical_record_number": "A-17",
        "nhs_number": "943 476 5919", "birth_date": "1985-12", "gender": "female", "deceased_at": "2026-11-24T01:02:03Z",
    }))]);
    assert_eq!(
        *of_type(&full, "Patient")[0],
        json!({
            "resourceType": "Patient",
            "id": "7",
            "meta": {"versionId": "3", "lastUpdated": "2026-11-25T03:00:00Z"},
            "identifier": [
                {
                    "use": "official",
                    "type": {"coding": [{
                        "system": "http://terminology.hl7.org/CodeSystem/v2-0203", "code": "MR", "display": "Medical record number",
                    }]},
                    "value": "A-17",
                },
                {"use": "official", "system": "https://fhir.nhs.uk/Id/nhs-number", "value": "9434765919"},
            ],
            "name": [
                {"use": "official", "family": "Lovelace", "given": ["Ada", "Augusta", "King"], "prefix": ["Ms"]},
                {"use": "usual", "given": ["Addie"]},
            ],
            "gender": "female",
            "birthDate": "1985-12",
            "deceasedDateTime": "2026-11-24T01:02:03Z",
        })
    );
    let least = export(&[row(json!({}))]);
    assert_eq!(
        *of_type(&least, "Patient")[0],
        json!({
            "resourceType": "Patient",
            "id": "7",
            "meta": {"versionId": "3", "lastUpdated": "2026-11-25T03:00:00Z"},
            "name": [{"use": "official", "family": "Lovelace", "given": ["Ada"]}],
            "gender": "unknown",
        })
    );
    // Nothing is claimed that nobody has recorded.
    let types: Vec<&Value> = least.iter().map(|resource| &resource["resourceType"]).collect();
    assert_eq!(types, ["Patient", "Encounter"]);
}

#[test]
fn a_stay_and_where_it_is() {
    let rows = export(&[
        row(json!({
            "ward": "Elm", "room": "Bay 1", "bed": "A1", "attending": "Dr Hopper", "team": "Cardiology", "reason": "Syncope",
            "acuity": 2,
        })),
        row(json!({"ward": "Elm", "room": "Bay 1", "bed": "A2", "dismissal_date": "2026-11-02T09:00:00Z"})),
        row(json!({"bed": "A1", "status": "expected"})),
    ]);
    let stays = of_type(&rows, "Encounter");
    let subject = json!({"reference": "Patient/7", "display": "LOVELACE, Ada"});
    assert_eq!(
        *stays[0],
        json!({
            "resourceType": "Encounter",
            "id": "stay-7",
            "meta": {"versionId": "3", "lastUpdated": "2026-11-25T03:00:00Z"},
            "status": "in-progress",
            "class": {
                "system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "IMP", "display": "inpatient encounter",
            },
            "serviceType": {"text": "Cardiology"},
            "priority": {"coding": [{"code": "2"}], "text": "Acuity 2"},
            "subject": subject,
            "participant": [{
                "type": [{"coding": [{
                    "system": "http://terminology.hl7.org/CodeSystem/v3-ParticipationType", "code": "ATND", "display": "attender",
                }]}],
                "individual": {"display": "Dr Hopper"},
            }],
            "period": {"start": "2026-11-01T08:30:00Z"},
            "reasonCode": [{"text": "Syncope"}],
            "location": [{"location": {"reference": "Location/place-3", "display": "Elm, Bay 1, bed A1"}, "status": "active"}],
        })
    );
    assert_eq!(stays[1]["period"]["end"], "2026-11-02T09:00:00Z");
    assert_eq!((&stays[1]["status"], &stays[1]["location"][0]["status"]), (&json!("finished"), &json!("completed")));
    assert_eq!((&stays[2]["status"], &stays[2]["location"][0]["status"]), (&json!("planned"), &json!("planned")));
    let places: Vec<(&str, &str, &str)> = of_type(&rows, "Location")
        .iter()
        .map(|place| {
            let text = |value: &'static str| place.pointer(value).and_then(Value::as_str).unwrap_or_default();
            (text("/name"), text("/physicalType/coding/0/code"), text("/partOf/reference"))
        })
        .collect();
    // Each once; a bed of no ward is none of that ward's.
    assert_eq!(
        places,
        [
            ("Elm", "wa", ""),
            ("Bay 1", "ro", "Location/place-1"),
            ("A1", "bd", "Location/place-2"),
            ("A2", "bd", "Location/place-2"),
            ("A1", "bd", ""),
        ]
    );
}

#[test]
fn alerts_allergies_and_the_note() {
    let rows = export(&[row(json!({
        "flags": [{"code": "falls", "text": ""}, {"code": "isolation", "text": "Side room"}],
        "code_status": "limited", "allergy_status": "none_known", "handover_note": "a < b & c\nBloods",
    }))]);
    let flags = of_type(&rows, "Flag");
    assert_eq!(
        *flags[1],
        json!({
            "resourceType": "Flag",
            "id": "flag-7-1",
            "status": "active",
            "category": [{"coding": [{
                "system": "http://terminology.hl7.org/CodeSystem/flag-category", "code": "safety", "display": "Safety",
            }]}],
            "code": {"coding": [{"code": "falls"}], "text": "Falls risk"},
            "subject": {"reference": "Patient/7", "display": "LOVELACE, Ada"},
            "encounter": {"reference": "Encounter/stay-7"},
        })
    );
    let words: Vec<&Value> = flags.iter().map(|flag| &flag["code"]["text"]).collect();
    assert_eq!(words, ["Limited resus", "Falls risk", "Side room"]);
    let allergies = of_type(&rows, "AllergyIntolerance");
    assert_eq!(allergies[0]["code"]["coding"][0]["code"], "716186003");
    // Required by FHIR where nothing was entered in error.
    assert_eq!(allergies[0]["clinicalStatus"]["coding"][0]["code"], "active");
    let note = of_type(&rows, "Composition")[0];
    assert_eq!(
        note["section"][0]["text"]["div"],
        "<div xmlns=\"http://www.w3.org/1999/xhtml\"><p>a &lt; b &amp; c<br/>Bloods</p></div>"
    );
    for key in ["status", "type", "date", "author", "title"] {
        assert!(!note[key].is_null(), "{key} is required");
    }
    assert_eq!(note["author"], json!([{"display": "Unknown"}]));
    let over = export(&[row(json!({"flags": [{"code": "falls", "text": ""}], "status": "cancelled"}))]);
    assert_eq!(of_type(&over, "Flag")[0]["status"], "inactive");
}

#[test]
fn every_id_is_one_and_every_reference_leads_somewhere() {
    let mut rows: Vec<Arc<Patient>> = Vec::new();
    for id in 1..20 {
        let bed = format!("B{}", id % 7);
        let values = json!({"ward": "Elm", "bed": bed, "flags": [{"code": "falls", "text": ""}], "code_status": "full",
                            "allergy_status": "known", "handover_note": "Well"});
        rows.push(Arc::new(Patient { id, ..(*row(values)).clone() }));
    }
    let resources = export(&rows);
    let name = |resource: &Value| {
        format!("{}/{}", resource["resourceType"].as_str().unwrap(), resource["id"].as_str().unwrap())
    };
    let names: std::collections::BTreeSet<String> = resources.iter().map(name).collect();
    assert_eq!(names.len(), resources.len());
    for resource in &resources {
        let id = resource["id"].as_str().unwrap();
        assert!(id.len() <= 64 && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'.'), "{id}");
    }
    let text = ndjson(&rows, &HashMap::new());
    for reference in text.split("\"reference\":\"").skip(1).filter_map(|rest| rest.split('"').next()) {
        assert!(names.contains(reference), "{reference}");
    }
}

#[test]
fn an_alerts_code_is_one_to_fhir_however_it_was_spaced() {
    let spaced =
        row(json!({"flags": [{"code": "latex  allergy\u{2003}x", "text": "Latex"}, {"code": "falls", "text": ""}]}));
    let rows = export(&[spaced]);
    let codes: Vec<&Value> = of_type(&rows, "Flag").iter().map(|flag| &flag["code"]["coding"][0]["code"]).collect();
    assert_eq!(codes, ["latex allergy x", "falls"]);
}
