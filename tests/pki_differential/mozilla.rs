//! Mozilla's roots, as whole certificates and as anchors.

use rustls_pki_types::TrustAnchor;
use symbolon::pki::{Certificate, RootStore};
use webpki::anchor_from_trusted_cert;

#[test]
fn all_of_mozillas_roots_parse() {
    let certificates = webpki_root_certs::TLS_SERVER_ROOT_CERTS;
    assert!(certificates.len() > 100, "{}", certificates.len());
    let mut roots = RootStore::new();
    for certificate in certificates {
        let parsed = Certificate::parse(certificate).unwrap();
        let (from, to) = parsed.validity();
        assert!(from < to, "{parsed:?}");
        assert_eq!(parsed.issuer_text(), parsed.subject_text());
        roots.add(certificate).unwrap();
    }
    // Both read the same out of them.
    for (ours, certificate) in roots.anchors().zip(certificates) {
        let theirs = anchor_from_trusted_cert(certificate).unwrap();
        assert_eq!(*ours, theirs, "{certificate:?}");
        RootStore::check(ours).unwrap();
    }
}

#[test]
fn mozillas_anchors_are_usable() {
    let anchors: &[TrustAnchor<'static>] = webpki_roots::TLS_SERVER_ROOTS;
    assert!(anchors.len() > 100, "{}", anchors.len());
    for anchor in anchors {
        RootStore::check(anchor).unwrap_or_else(|e| panic!("{anchor:?}: {e}"));
    }
}
