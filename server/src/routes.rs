//! The addresses of the server.

use app::list::wall::Wall;
use axum::{
    Router,
    extract::{DefaultBodyLimit, MatchedPath, Request, State},
    handler::Handler,
    http::{HeaderName, HeaderValue, StatusCode, header},
    middleware::from_fn_with_state,
    routing::{get, post},
};
use leptos::config::LeptosOptions;
use tower_http::{
    compression::{
        CompressionLayer, Predicate,
        predicate::{DefaultPredicate, NotForContentType},
    },
    services::ServeDir,
    set_header::SetResponseHeaderLayer,
    trace::TraceLayer,
};

use crate::{error, pages, socket, state::AppState};

/// The longest form that is taken, in bytes; anybody may send one. Three passwords of the longest kind have room in it.
const LONGEST_FORM: usize = 16 * 1024;

pub(crate) fn router(state: AppState) -> Router {
    let files = files(&state.leptos, pages::no_page.with_state(state.clone()));
    // Pages only: what is in `files` is compressed already.
    let worth_compressing = DefaultPredicate::new().and(NotForContentType::const_new("application/wasm"));
    let router = Router::new()
        .route("/", get(pages::list))
        .route(Wall::PATH, get(pages::wall))
        .route("/sign-in", get(pages::sign_in).post(pages::sign_in_submitted))
        .route("/sign-out", post(pages::sign_out))
        .route("/language", post(pages::language_chosen))
        .route("/password", get(pages::password).post(pages::password_submitted))
        .route("/patients/{id}/history", get(pages::history))
        .route("/patients/{id}/undo", get(pages::undo).post(pages::undo_confirmed))
        .route("/past", get(pages::past))
        .route("/changes", get(pages::changes))
        .route("/print", get(pages::print))
        .route("/export.csv", get(pages::csv))
        .route("/export.ndjson", get(pages::ndjson))
        .route("/ws/patients/", get(socket::bare))
        .route("/ws/", get(socket::multiplexed))
        .route("/healthz", get(|| async { "alive\n" }))
        .route("/readyz", get(ready))
        .method_not_allowed_fallback(pages::no_method)
        .layer(DefaultBodyLimit::max(LONGEST_FORM))
        .layer(fixed(header::CACHE_CONTROL, "no-store"))
        .fallback_service(files);
    fixed_headers(router)
        .layer(from_fn_with_state(state.leptos.clone(), error::in_words))
        .layer(CompressionLayer::new().compress_when(worth_compressing))
        // What went wrong is logged where it is answered; that the database is away, once, by those who work with it.
        .layer(TraceLayer::new_for_http().make_span_with(span).on_failure(()))
        .with_state(state)
}

/// The browser's half, compressed when it was built; `no_page` answers where there is none of its files.
pub(crate) fn files<NoPage>(leptos: &LeptosOptions, no_page: NoPage) -> ServeDir<NoPage> {
    let files = ServeDir::new(leptos.site_root.to_string()).precompressed_br().precompressed_gzip();
    files.fallback(no_page).call_fallback_on_method_not_allowed(true)
}

/// What every answer says, unless it says something else: it is checked anew at each load, so that page and program are always
/// of one build; and browsers take it for what it is, and show it in no other site's page.
pub(crate) fn fixed_headers<S: Clone + Send + Sync + 'static>(router: Router<S>) -> Router<S> {
    router
        .layer(fixed(header::CACHE_CONTROL, "no-cache"))
        .layer(fixed(header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .layer(fixed(header::REFERRER_POLICY, "same-origin"))
        .layer(fixed(header::X_FRAME_OPTIONS, "DENY"))
}

fn fixed(name: HeaderName, value: &'static str) -> SetResponseHeaderLayer<HeaderValue> {
    SetResponseHeaderLayer::if_not_present(name, HeaderValue::from_static(value))
}

/// What the log says of a request: its route and not its address, in which a name may have been searched for.
fn span(request: &Request) -> tracing::Span {
    let route = request.extensions().get::<MatchedPath>().map_or("", MatchedPath::as_str);
    tracing::debug_span!("request", method = %request.method(), route)
}

/// What a load balancer waits for at least.
const READY_WITHIN: std::time::Duration = std::time::Duration::from_secs(2);

/// Whether this node can do its work: the database answers, the feed reads the log, and there is somebody who writes.
pub(crate) async fn ready(State(state): State<AppState>) -> (StatusCode, &'static str) {
    if !state.store.is_writing() {
        return (StatusCode::SERVICE_UNAVAILABLE, "nothing can be saved\n");
    }
    let no_database = (StatusCode::SERVICE_UNAVAILABLE, "the database does not answer\n");
    // The feed asks all the time: where it has no answer, this question would only wait.
    if !state.feed.is_running() {
        return no_database;
    }
    match tokio::time::timeout(READY_WITHIN, state.store.head()).await {
        Ok(Ok(_)) => (StatusCode::OK, "ready\n"),
        Ok(Err(_)) | Err(_) => no_database,
    }
}
