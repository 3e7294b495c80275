#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| jobsim_fuzz::inputs::trace(bytes));
