//! What a server chooses from a ClientHello, decision by decision.

use crate::codepoint::{CipherSuite, ExtensionType, NamedGroup, ProtocolVersion};
use crate::config::{Common, RetryPolicy, ServerConfig};
use crate::crypto::{Hash, HashOutput, KeyExchangeGroup, Tls13Suite};
use crate::error::{DecodeError, DecodeFault, Error, Mismatch, Parameter, Violation};
use crate::wire::codec::{List, Reader};
use crate::wire::extension::Extension;
use crate::wire::hello::ClientHello;
use alloc::vec::Vec;

/// The version: the newest that both have.
pub(crate) fn version(
    config: &ServerConfig,
    hello: &ClientHello<'_>,
) -> Result<ProtocolVersion, Error> {
    let ours = &config.common.versions;
    // RFC 9846 4.2.2, 4.3.1: supported_versions alone counts; without it the client has at most
    // TLS 1.2.
    let legacy = [hello.legacy_version.min(ProtocolVersion::TLS12)];
    let theirs = hello
        .extensions
        .supported_versions
        .unwrap_or(List::Values(&legacy));
    let chosen = ours
        .iter()
        .copied()
        .find(|version| theirs.contains(*version));
    let chosen = chosen.ok_or_else(|| {
        let ours = ours.iter().map(|version| version.0);
        Mismatch::new(Parameter::Version, ours, theirs.iter().map(u16::from))
    })?;
    // RFC 7507 3: a client that fell back says so; it needn't have.
    let fell_back = hello.cipher_suites.contains(CipherSuite::TLS_FALLBACK_SCSV);
    if fell_back && ours.first().is_some_and(|newest| *newest > chosen) {
        return Err(Violation::FallbackNotAllowed.into());
    }
    Ok(chosen)
}

/// How many key shares a ClientHello may have.
const MOST_SHARES: usize = 32;

/// What every TLS 1.3 ClientHello must have.
pub(crate) fn check_tls13(hello: &ClientHello<'_>) -> Result<(), Error> {
    // RFC 9846 4.2.2: exactly one compression method, null, or illegal_parameter.
    if hello.compression_methods != [0] {
        return Err(Violation::BadCompression.into());
    }
    let extensions = &hello.extensions;
    // RFC 9846 9.2: without pre_shared_key both signature_algorithms and supported_groups; and
    // never one of supported_groups and key_share without the other.
    if extensions.pre_shared_key.is_none() {
        check_full(hello)?;
    }
    let (groups, shares) = match (extensions.supported_groups, extensions.key_shares) {
        (Some(groups), Some(shares)) => (groups, shares),
        (None, None) => (List::Values(&[][..]), List::Values(&[][..])),
        (None, Some(_)) => return Err(Violation::MissingGroups.into()),
        (Some(_), None) => return Err(Violation::MissingKeyShare.into()),
    };
    // Nobody has that many; more would only be work.
    if shares.len() > MOST_SHARES {
        return Err(
            DecodeError::new("KeyShareClientHello.client_shares", DecodeFault::BadValue).into(),
        );
    }
    // RFC 9846 4.3.8: each share is of a group in supported_groups.
    if shares.iter().any(|share| !groups.contains(share.group)) {
        return Err(Violation::ShareNotInGroups.into());
    }
    // RFC 9846 4.3.9: a client that offers pre_shared_key must say how it may be used.
    if extensions.pre_shared_key.is_some() && extensions.psk_key_exchange_modes.is_none() {
        return Err(Violation::MissingPskModes.into());
    }
    Ok(())
}

/// What a handshake with certificates and a key exchange needs besides.
pub(crate) fn check_full(hello: &ClientHello<'_>) -> Result<(), Error> {
    let extensions = &hello.extensions;
    if extensions.signature_algorithms.is_none() {
        return Err(Violation::MissingSignatureAlgorithms.into());
    }
    if extensions.supported_groups.is_none() {
        return Err(Violation::MissingGroups.into());
    }
    if extensions.key_shares.is_none() {
        return Err(Violation::MissingKeyShare.into());
    }
    Ok(())
}

/// The suite: the best that both have, of those with a hash of this length if there is one.
pub(crate) fn suite(
    config: &ServerConfig,
    hello: &ClientHello<'_>,
    hash_len: Option<usize>,
) -> Result<&'static Tls13Suite, Error> {
    let ours = &config.common.suites;
    let theirs = hello.cipher_suites;
    let best = |hash_len: Option<usize>| {
        let fits =
            |suite: &&'static Tls13Suite| hash_len.is_none_or(|len| suite.hash.output_len() == len);
        let mut usable = ours.iter().copied().filter(fits);
        match config.prefer_client_suites {
            true => theirs
                .iter()
                .find_map(|name| usable.clone().find(|suite| suite.name == name)),
            false => usable.find(|suite| theirs.contains(suite.name)),
        }
    };
    let chosen = best(hash_len).or_else(|| best(None));
    chosen.ok_or_else(|| {
        let ours = ours.iter().map(|suite| suite.name.0);
        Mismatch::new(Parameter::CipherSuite, ours, theirs.iter().map(u16::from)).into()
    })
}

/// Which group the keys are exchanged in.
#[derive(Clone, Copy, Debug)]
pub(crate) enum GroupChoice<'a> {
    /// In this one, with the share that came.
    Share(&'static dyn KeyExchangeGroup, &'a [u8]),
    /// In this one, for which a share is to be sent.
    Retry(NamedGroup),
}

/// The group: the best that both have, unless another's share spares a round trip.
pub(crate) fn group<'a>(
    config: &ServerConfig,
    hello: &ClientHello<'a>,
) -> Result<GroupChoice<'a>, Error> {
    let ours = &config.common.groups;
    let empty = List::Values(&[]);
    let theirs = hello.extensions.supported_groups.unwrap_or(empty);
    let shares = hello.extensions.key_shares.unwrap_or(List::Values(&[]));
    let Some(best) = ours
        .iter()
        .copied()
        .find(|group| theirs.contains(group.name()))
    else {
        let ours = ours.iter().map(|group| group.name().0);
        return Err(Mismatch::new(Parameter::Group, ours, theirs.iter().map(u16::from)).into());
    };
    let ready = ours
        .iter()
        .find_map(|group| Some((*group, shares.get(group.name())?)));
    let Some((group, share)) = ready else {
        return Ok(GroupChoice::Retry(best.name()));
    };
    let retry = best.name() != group.name()
        && match config.retry {
            RetryPolicy::WhenNoShareFits => false,
            RetryPolicy::ForHybrid => best.is_encapsulation() && !group.is_encapsulation(),
            RetryPolicy::ForPreferred => true,
        };
    Ok(if retry {
        GroupChoice::Retry(best.name())
    } else {
        GroupChoice::Share(group, share)
    })
}

/// The application protocol (RFC 7301 3.2).
pub(crate) fn alpn(common: &Common, hello: &ClientHello<'_>) -> Result<Option<Vec<u8>>, Error> {
    let Some(theirs) = hello.extensions.alpn else {
        return Ok(None);
    };
    if common.alpn.is_empty() {
        return Ok(None);
    }
    let chosen = common
        .alpn
        .iter()
        .find(|ours| theirs.iter().any(|name| name.0 == ours.as_slice()));
    match chosen {
        Some(protocol) => Ok(Some(protocol.clone())),
        None => Err(Mismatch::new(Parameter::Alpn, [], []).into()),
    }
}

/// A peer's record_size_limit, checked.
pub(crate) fn record_size_limit(limit: Option<u16>) -> Result<Option<u16>, Error> {
    // RFC 8449 4: a value below 64 ends the handshake with illegal_parameter; one above the
    // version's own maximum of 2^14 + 1 means just that for a server, and a client treats it so.
    match limit {
        Some(limit) if limit < 64 => Err(Violation::RecordSizeLimitRange.into()),
        other => Ok(other),
    }
}

/// A hash of what must not change between the two ClientHellos around a HelloRetryRequest.
pub(crate) fn fixed_part(hash: &dyn Hash, body: &[u8]) -> Result<HashOutput, Error> {
    // RFC 9846 4.2.2: only key_share, early_data, cookie, pre_shared_key and padding may.
    const MAY_CHANGE: [ExtensionType; 6] = [
        ExtensionType::KEY_SHARE,
        ExtensionType::EARLY_DATA,
        ExtensionType::COOKIE,
        ExtensionType::PRE_SHARED_KEY,
        ExtensionType::PADDING,
        // RFC 9849 6.1.5: encrypted anew for the second ClientHello.
        ExtensionType::ENCRYPTED_CLIENT_HELLO,
    ];
    let mut r = Reader::new(body);
    let mut context = hash.start();
    context.update(r.take(34, "ClientHello.random")?);
    for part in [
        r.vec8("ClientHello.legacy_session_id", 0..=32)?,
        r.vec16("ClientHello.cipher_suites", 2..=0xfffe)?,
        r.vec8("ClientHello.legacy_compression_methods", 1..=0xff)?,
    ] {
        context.update(&len_prefix(part));
        context.update(part);
    }
    let block = r.vec16("ClientHello.extensions", 0..=0xffff)?;
    for extension in List::<Extension<'_>>::parse(block)? {
        if !MAY_CHANGE.contains(&extension.kind) {
            context.update(&extension.kind.0.to_be_bytes());
            context.update(&len_prefix(extension.data));
            context.update(extension.data);
        }
    }
    Ok(context.current())
}

fn len_prefix(part: &[u8]) -> [u8; 4] {
    u32::try_from(part.len()).unwrap_or(u32::MAX).to_be_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::provider::RUSTCRYPTO;

    /// What is kept of a body with these fields after the random.
    fn kept(id: &[u8], suites: &[u8], extension: &[u8]) -> HashOutput {
        let mut body = [7; 34].to_vec();
        body.push(u8::try_from(id.len()).unwrap());
        body.extend(id);
        body.extend([0, u8::try_from(suites.len()).unwrap()]);
        body.extend(suites);
        body.extend([1, 0]);
        let len = u8::try_from(extension.len()).unwrap();
        body.extend([0, len + 4, 0x7a, 0x7a, 0, len]);
        body.extend(extension);
        fixed_part(RUSTCRYPTO.sha256, &body).unwrap()
    }

    #[test]
    fn bytes_that_go_from_one_field_to_the_next_are_a_change() {
        let first = kept(&[1, 2], &[3, 4, 5, 6], &[9]);
        assert_eq!(first.as_ref(), kept(&[1, 2], &[3, 4, 5, 6], &[9]).as_ref());
        for other in [
            kept(&[1, 2, 3, 4], &[5, 6], &[9]),
            kept(&[], &[1, 2, 3, 4, 5, 6], &[9]),
            kept(&[1, 2], &[3, 4, 5, 6], &[8]),
        ] {
            assert_ne!(first.as_ref(), other.as_ref());
        }
        // Nor do bytes that look like what is between them hide it.
        for byte in [0, 1] {
            let (id, suites) = ([[1; 2], [byte; 2], [byte; 2]].concat(), [5, 6]);
            let shifted = [[byte; 2], [byte; 2], suites].concat();
            assert_ne!(kept(&id, &suites, &[]), kept(&[1; 2], &shifted, &[]));
        }
    }
}
