#![no_main]

libfuzzer_sys::fuzz_target!(|text: &str| jobsim_fuzz::inputs::expression(text));
