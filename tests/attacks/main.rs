//! Attacks that have been made on other stacks, by name: the exact alert on the wire, the error, and that
//! nothing was accepted: no end of the handshake, no data, no session, and a connection that is dead
//! afterwards (`Rogue::refused` of `tests/common`).
//!
//! Where a test elsewhere shows it, it stands here in the table, in one of three ways: a file of this
//! directory, a file of `tests/`, or one of `src/`. What two tests share out, they do by version or
//! role.
//!
//! | class | where |
//! | --- | --- |
//! | SMACK: messages skipped or repeated (CVE-2020-24613, CVE-2014-6593) | `attacks/order.rs::smack_servers_messages_skipped_or_repeated`, `attacks/order.rs::smack_clients_messages_skipped_or_repeated`, `refusals/messages.rs::messages_left_out_repeated_or_misplaced`, `model/main.rs::client12_full`, `model/main.rs::server12_full_and_resumed`, `states12/client.rs::each_other_message_is_refused`, `states12/server.rs::each_other_message_is_refused`, `psk12.rs::each_other_message_of_a_server_is_refused`, `resumption12/client.rs::each_other_message_is_refused`, `attacks/tls12.rs::finished_without_change_cipher_spec`, `attacks/tls12.rs::finished_in_the_clear_after_change_cipher_spec`, `attacks/tls12.rs::certificates_that_are_missing`, `attacks/tls12.rs::a_status_that_nobody_promised_or_that_is_none` |
//! | a hello sent back, or of the wrong role | `attacks/hellos.rs::reflected_hello`, `refusals/client_hello.rs::another_message_first`, `refusals/server_hello.rs::another_message_first` |
//! | data before Finished | `attacks/order.rs::data_before_the_peer_is_known`, `refusals/messages.rs::data_before_finished` |
//! | early ChangeCipherSpec (CVE-2014-0224, CVE-2026-93304) | `attacks/tls12.rs::early_change_cipher_spec_with_known_keys`, `attacks/tls12.rs::a_server_of_both_versions_is_as_strict`, `refusals/records.rs::change_cipher_spec`, `model/main.rs::client12_full`, `model/main.rs::server12_full_and_resumed`, `states12/records.rs::change_cipher_spec_has_its_form_and_place` |
//! | CertificateVerify left out (CVE-2022-25640), or too early (CVE-2026-2645) | `attacks/order.rs::smack_clients_messages_skipped_or_repeated`, `refusals/messages.rs::the_clients_signature_and_finished`, `model/main.rs::server12_client_authentication`, `attacks/order.rs::certificate_verify_before_the_key_exchange` |
//! | authentication after the handshake (CVE-2026-55962) | `attacks/order.rs::post_handshake_authentication`, `refusals/messages.rs::messages_after_the_handshake_to_a_client` |
//! | a signature algorithm that isn't the key's (CVE-2022-25638) | `attacks/keys.rs::clients_scheme_that_is_not_its_keys`, `refusals/messages.rs::the_servers_signature`, `refusals/messages.rs::rsa_signs_with_pss_only`, `attacks/tls12.rs::schemes_of_the_clients_signature`, `attacks/tls12.rs::schemes_of_the_servers_signature` |
//! | a signature algorithm that wasn't offered (CVE-2026-25834); SHA-1 and MD5 (SLOTH) | `attacks/tls12.rs::schemes_of_the_servers_signature`, `refusals/messages.rs::the_servers_signature`, `attacks/keys.rs::clients_scheme_that_is_not_its_keys`, `refusals/client_hello.rs::nothing_in_common`, `states12/hellos.rs::nothing_in_common` |
//! | messages across a key change in one record (RUSTSEC-2026-0285, CVE-2025-61730) | `attacks/order.rs::messages_behind_a_key_change_in_the_same_record`, `attacks/order.rs::messages_behind_a_key_change_that_waits_for_an_answer`, `refusals/server_hello.rs::something_behind_the_hello`, `refusals/client_hello.rs::something_behind_the_hello`, `refusals/messages.rs::something_behind_finished`, `resumption/early_script.rs::its_end_with_more_in_the_same_record` |
//! | handshake bytes kept across a key change | `attacks/order.rs::handshake_bytes_kept_across_a_key_change`, `states12/records.rs::change_cipher_spec_has_its_form_and_place` |
//! | records between the parts of a message | `attacks/order.rs::warnings_between_the_parts_of_a_message`, `refusals/records.rs::records_between_fragments`, `states12/records.rs::data_between_the_parts_of_a_message` |
//! | neither PSK nor key_share (CVE-2023-3724, CVE-2026-3230) | `attacks/hellos.rs::neither_psk_nor_key_share`, `resumption/servers.rs::a_psk_without_a_key_share`, `resumption/servers.rs::a_psk_without_a_key_share_after_a_retry` |
//! | close_notify in mid-handshake (CVE-2024-32650) | `attacks/order.rs::close_notify_in_mid_handshake`, `refusals/records.rs::closing_in_the_middle`, `states12/records.rs::closing` |
//! | fragmented ClientHello (CVE-2024-11738, CVE-2014-3511) | `attacks/order.rs::fragmented_client_hello`, `refusals/records.rs::a_fragmented_hello_allows_change_cipher_spec_as_well`, `sinks_and_segments.rs::messages_cut_into_records_of_any_length`, `flights12.rs::messages_cut_into_records_of_any_length` |
//! | oversized handshake messages (CVE-2022-41724, CVE-2023-39322) | `attacks/records.rs::oversized_handshake_messages`, `refusals/floods.rs::sizes_of_messages`, `refusals/client_hello.rs::too_large`, `src/record/joiner.rs::a_declared_length_allocates_nothing` |
//! | several KeyUpdates in a record (CVE-2026-32283) | `attacks/order.rs::several_key_updates_in_a_record`, `refusals/messages.rs::messages_after_the_handshake_to_a_server` |
//! | KeyUpdate flood (CVE-2026-56862) | `attacks/order.rs::key_update_flood`, `refusals/floods.rs::key_updates`, `connection.rs::requests_coalesce_into_one_reply`, `connection.rs::no_second_request_before_the_reply` |
//! | other floods (CVE-2016-8610, CVE-2020-12457) | `attacks/tls12.rs::warnings_are_passed_over_and_counted`, `refusals/floods.rs::warnings`, `refusals/floods.rs::empty_records`, `refusals/floods.rs::tickets`, `refusals/floods.rs::records_of_a_flight` |
//! | empty ciphertext (CVE-2026-75803) | `attacks/records.rs::empty_ciphertext`, `refusals/records.rs::records_that_do_not_open`, `states12/records.rs::records_that_are_too_short` |
//! | lengths of records; Heartbleed | `attacks/records.rs::lengths_of_records_that_cannot_be`, `refusals/records.rs::lengths`, `refusals/records.rs::content_types`, `states12/records.rs::records_that_are_too_long`, `states12/records.rs::types_that_are_wrong_inside` |
//! | padding and decryption oracles (Lucky 13, POODLE, Bleichenbacher) | `attacks/records.rs::one_answer_to_all_that_does_not_decrypt`, `states12/records.rs::every_byte_of_a_record_is_bound`, `psk12.rs::an_unknown_identity_is_like_a_wrong_key` |
//! | records replayed, reordered, left out, sent back | `refusals/records.rs::records_that_do_not_open`, `states12/records.rs::replays_and_gaps` |
//! | duplicate extensions, across HelloRetryRequest too | `attacks/hellos.rs::duplicate_extensions_in_every_message`, `refusals/server_hello.rs::extensions`, `refusals/client_hello.rs::ill_formed`, `refusals/messages.rs::encrypted_extensions`, `states12/hellos.rs::extensions_of_the_server`, `src/wire/tests.rs::duplicates_are_refused_known_or_not` |
//! | HelloRetryRequest for a group not offered (CVE-2026-25832), with another suite, version or session ID, or twice | `attacks/hellos.rs::hello_retry_request_followed_by_another_server_hello`, `refusals/server_hello.rs::retries_that_are_wrong`, `refusals/server_hello.rs::a_second_retry`, `refusals/server_hello.rs::after_a_retry`, `states12/hellos.rs::after_a_hello_retry_request_the_version_stays`, `resumption12/client.rs::a_retry_and_then_the_session` |
//! | a second ClientHello that changed | `refusals/client_hello.rs::a_second_hello_that_changed`, `refusals/client_hello.rs::a_second_hello_with_other_shares` |
//! | GREASE that comes back | `attacks/hellos.rs::grease_that_comes_back` |
//! | an unauthenticated ServerHello that poisons what the client remembers (CVE-2026-94419) | `attacks/hellos.rs::an_unauthenticated_server_hello_poisons_nothing`, `resumption12/client.rs::a_cache_is_not_poisoned`, `src/config/session/store.rs::a_session_id_that_two_servers_chose_mixes_nothing_up` |
//! | server preference (CVE-2026-2673) | `attacks/hellos.rs::server_preference`, `handshake.rs::retry_policies`, `handshake.rs::every_suite_with_every_policy_of_order` |
//! | all-zero X25519 (CVE-2026-54434) | `attacks/keys.rs::all_zero_x25519`, `attacks/tls12.rs::shares_that_are_none`, `refusals/server_hello.rs::shares`, `refusals/client_hello.rs::shares`, `src/provider/tests/kx.rs::bad_points_are_refused` |
//! | invalid points | `attacks/keys.rs::invalid_points`, `attacks/tls12.rs::shares_that_are_none`, `src/provider/tests/kx.rs::bad_points_are_refused`, `src/provider/tests/kx.rs::compressed_points_of_their_own_length_are_refused` |
//! | curves and groups of the peer (FREAK, Logjam, CVE-2020-0601) | `attacks/tls12.rs::the_servers_key_exchange`, `attacks/hellos.rs::export_static_rsa_dhe_cbc_rc4_null_and_compression`, `pki/advisories.rs::explicit_curve_parameters` |
//! | RSA keys that are huge, small, even, or with e = 1 (CVE-2023-29409) | `attacks/keys.rs::rsa_keys_that_are_huge_small_even_or_with_e_1`, `attacks/keys.rs::signatures_of_rsa_keys_that_prove_nothing`, `pki/faults.rs::sizes_of_rsa_keys`, `pki/profiles.rs::exponents_of_rsa_keys`, `wycheproof.rs::rsa_keys_out_of_bounds` |
//! | old algorithms (FREAK, Raccoon, ROBOT, SWEET32, RC4, NULL, CRIME) | `attacks/hellos.rs::export_static_rsa_dhe_cbc_rc4_null_and_compression`, `states12/hellos.rs::the_servers_fields` |
//! | compression (CRIME) | `refusals/client_hello.rs::compression`, `refusals/server_hello.rs::fields`, `states12/hellos.rs::what_a_client_must_have`, `states12/hellos.rs::the_servers_fields` |
//! | downgrade and version rollback (POODLE, SSL 3.0 and 2.0) | `attacks/hellos.rs::version_rollback`, `refusals/server_hello.rs::versions`, `states12/hellos.rs::downgrades`, `states12/hellos.rs::fallbacks`, `states12/hellos.rs::versions_of_the_server`, `states12/hellos.rs::versions_of_the_client`, `tls12.rs::a_downgrade_is_noticed`, `tls12.rs::a_fallback_is_refused`, `refusals/records.rs::what_is_no_tls`, `resumption12/server.rs::the_sentinel_of_a_newer_server_is_there_when_it_resumes` |
//! | tampering found by Finished | `attacks/tls12.rs::a_finished_that_is_wrong_or_said_twice`, `attacks/tls12.rs::messages_without_content_have_none`, `refusals/messages.rs::the_servers_finished`, `refusals/messages.rs::the_clients_signature_and_finished` |
//! | triple handshake, tls-unique | `attacks/tls12.rs::extended_master_secret_left_out`, `resumption12/client.rs::resumption_with_something_changed`, `resumption12/main.rs::both_ends_need_extended_master_secret_for_a_session`, `tls12.rs::exporters_know_whether_there_is_a_context` |
//! | renegotiation (CVE-2009-3555, CVE-2021-3449) | `attacks/tls12.rs::renegotiation_is_declined`, `tls12.rs::a_renegotiation_info_that_is_not_empty_is_refused`, `states12/hellos.rs::extensions_of_the_server`, `refusals/messages.rs::messages_after_the_handshake_to_a_client`, `refusals/messages.rs::messages_after_the_handshake_to_a_server` |
//! | Selfie: a PSK in both roles | `resumption/external.rs::selfie_with_the_importer`, `resumption/external.rs::selfie_without_the_importer`, `src/config/session/importer.rs::a_client_hello_sent_back_to_its_sender_finds_no_key` |
//! | key compromise impersonation | `attacks/keys.rs::fixed_diffie_hellman_certificates`, `attacks/tls12.rs::client_certificates_by_what_the_server_takes` |
//! | tickets of another version | `attacks/sessions.rs::tickets_of_one_version_in_the_other`, `attacks/sessions.rs::sessions_of_one_version_offered_in_the_other`, `resumption/tickets.rs::a_server_of_tls12_does_not_know_it`, `resumption12/main.rs::a_session_of_tls12_beside_tls13` |
//! | tickets of another name or protocol (CVE-2026-11703) | `resumption/tickets.rs::with_the_server_name_changed`, `resumption/tickets.rs::with_the_application_protocol_changed_it_resumes_without_early_data`, `resumption12/main.rs::sni_changed`, `resumption12/main.rs::alpn_changed` |
//! | tickets under other client authentication | `resumption/tickets.rs::from_a_server_with_other_client_authentication_or_other_roots`, `resumption/tickets.rs::of_another_session_scope`, `resumption12/main.rs::a_ticket_is_not_honoured_under_other_client_authentication` |
//! | tickets forged, cut, from the future | `resumption/tickets.rs::forged_of_another_format_or_with_a_byte_more`, `resumption/tickets.rs::truncated`, `resumption/tickets.rs::from_the_future`, `resumption12/server.rs::a_ticket_forged_or_truncated` |
//! | a server that only saw the ticket | `resumption/servers.rs::a_server_that_does_not_have_the_key`, `resumption12/client.rs::a_server_without_the_master_secret` |
//! | binders that cover too little | `attacks/sessions.rs::binder_of_another_client_hello`, `resumption/binders.rs::a_wrong_binder`, `resumption/binders.rs::binders_after_a_retry`, `resumption/binders.rs::pre_shared_key_is_last` |
//! | 0-RTT replay | `resumption/early.rs::replayed_to_the_same_and_to_a_second_server`, `resumption/early.rs::the_whole_handshake_of_a_replay_is_resumed_without_early_data`, `resumption/servers.rs::an_older_version_after_early_data` |
//! | unknown key share by name | `attacks/keys.rs::a_certificate_of_another_name`, `attacks/keys.rs::a_name_that_nobody_can_have`, `refusals/messages.rs::certificates_that_are_not_accepted`, `refusals/client_hello.rs::alpn_and_name_without_an_answer` |
//! | ALPN fallback (ALPACA) | `attacks/hellos.rs::alpaca_no_fallback_without_a_word`, `handshake.rs::alpn`, `refusals/client_hello.rs::alpn_and_name_without_an_answer`, `refusals/messages.rs::what_was_offered_and_answered_wrongly`, `states12/hellos.rs::extensions_of_the_server` |
//! | secrets in `Debug` | `attacks/leaks.rs::secrets_in_debug`, `src/secret.rs::debug_shows_no_byte`, `src/provider/tests/keys.rs::debug_shows_no_key` |
//! | peer text in errors (CVE-2025-58189, CVE-2025-61729) | `attacks/leaks.rs::peer_text_in_errors`, `src/error/text.rs::text_is_escaped_and_bounded`, `pki/main.rs::subjects_are_shown_escaped` |
//! | truncation | `attacks/records.rs::truncation_is_told_as_such`, `connection.rs::the_end_of_input`, `states12/records.rs::closing` |

#[path = "../common"]
mod common {
    pub mod certs;
    pub mod pair;
    pub mod rogue;
    pub mod rogue12;
    pub mod stores;
}
mod hellos;
mod keys;
mod leaks;
mod order;
mod records;
mod sessions;
mod tls12;

use common::rogue::World;
use std::sync::Arc;
use symbolon::config::{ClientAuth, ServerConfig, ServerConfigBuilder};
use symbolon::conn::{ClientConnection, ServerConnection};
use symbolon::pki::PathVerifier;

/// A scripted server, whose victim is a client of TLS 1.3.
type Client = common::rogue::Rogue<ClientConnection>;
/// A scripted client, whose victim is a server of TLS 1.3.
type Server = common::rogue::Rogue<ServerConnection>;
/// The same for TLS 1.2.
type Client12 = common::rogue12::Rogue<ClientConnection>;
type Server12 = common::rogue12::Rogue<ServerConnection>;

/// A server that asks for certificates of this PKI.
fn asking(config: ServerConfigBuilder, world: &World, required: bool) -> Arc<ServerConfig> {
    let verifier = Arc::new(PathVerifier::new(world.pki.roots()));
    let auth = match required {
        true => ClientAuth::Required(verifier),
        false => ClientAuth::Optional(verifier),
    };
    config.client_auth(auth).build().unwrap()
}

/// Takes the one record that waits to be read; its content.
fn unwrap(input: &mut Vec<u8>) -> Vec<u8> {
    let record = std::mem::take(input);
    let len = usize::from(u16::from_be_bytes([record[3], record[4]]));
    assert_eq!(record.len(), len + 5);
    record[5..].to_vec()
}

/// The tests that the table above names, as file and function.
fn named() -> Vec<(String, String)> {
    let rows = include_str!("main.rs").lines();
    let rows = rows.filter(|line| line.starts_with("//! |"));
    // What is between backticks and has a path.
    let names = rows.flat_map(|row| row.split('`').skip(1).step_by(2));
    let names = names.filter_map(|name| name.split_once("::"));
    names.map(|(f, t)| (f.to_owned(), t.to_owned())).collect()
}

/// The tests in a file, by name.
fn tests_in(source: &str) -> Vec<&str> {
    let parts = source.split("#[test]").skip(1);
    let names = parts.filter_map(|part| part.split_once("fn ")?.1.split_once('('));
    names.map(|(name, _)| name).collect()
}

#[test]
fn every_test_of_the_table_is_there() {
    let named = named();
    assert!(named.len() > 100);
    let root = env!("CARGO_MANIFEST_DIR");
    for (file, test) in &named {
        let path = match file.starts_with("src/") {
            true => format!("{root}/{file}"),
            false => format!("{root}/tests/{file}"),
        };
        let source = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{path}: {e}"));
        assert!(
            tests_in(&source).contains(&&test[..]),
            "{file} has no {test}"
        );
    }
    // And none of these here is left out.
    for (file, source) in [
        ("attacks/hellos.rs", include_str!("hellos.rs")),
        ("attacks/keys.rs", include_str!("keys.rs")),
        ("attacks/leaks.rs", include_str!("leaks.rs")),
        ("attacks/order.rs", include_str!("order.rs")),
        ("attacks/records.rs", include_str!("records.rs")),
        ("attacks/sessions.rs", include_str!("sessions.rs")),
        ("attacks/tls12.rs", include_str!("tls12.rs")),
    ] {
        for test in tests_in(source) {
            let there = named.iter().any(|(f, t)| f == file && t == test);
            assert!(there, "{file}::{test} is in no row");
        }
    }
}
