use prometheus::{register_int_gauge, register_int_counter, register_histogram};

pub fn register() {
    register_int_gauge!("granite_peer_count", "Connected peers").unwrap();
    register_int_gauge!("granite_active_miners", "Miners").unwrap();
    register_int_counter!("granite_txs_processed_total", "Transactions").unwrap();
    register_histogram!("granite_proof_seconds", "Proof time").unwrap();
}
