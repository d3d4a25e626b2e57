//! The browser's half of Wardwatch: brings the page to life and keeps it in step.

#[cfg(target_arch = "wasm32")]
mod address;
mod backoff;
#[cfg(target_arch = "wasm32")]
mod browser;
#[cfg(target_arch = "wasm32")]
mod focus;
#[cfg(target_arch = "wasm32")]
mod memory;
#[cfg(target_arch = "wasm32")]
mod page_data;
#[cfg(target_arch = "wasm32")]
mod screen;
#[cfg(target_arch = "wasm32")]
mod socket;
#[cfg(target_arch = "wasm32")]
mod steady;

/// Called by the page's script once the WebAssembly is loaded.
#[cfg(target_arch = "wasm32")]
#[wasm_bindgen::prelude::wasm_bindgen]
pub fn hydrate() {
    use leptos::prelude::*;

    // Leptos' own way to do this is there only once the page has come to life.
    wasm_bindgen_futures::spawn_local(async {
        let Some((page, rows)) = page_data::read().await else { return };
        let early = app::pages::Early {
            search: browser::value_of("search"),
            ward: browser::value_of("ward"),
            status: browser::value_of("status"),
        };
        leptos::mount::hydrate_body(move || {
            provide_context(app::pages::Connect(socket::connect));
            if browser::path() == app::list::wall::Wall::PATH {
                return view! { <app::pages::WallApp page rows/> }.into_any();
            }
            provide_context(early);
            view! { <app::pages::ListApp page rows/> }.into_any()
        });
    });
}
