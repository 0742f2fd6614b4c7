//! The three messages of NTLM, as far as a login at a proxy needs them. MS-NLMP 2.2.1.

use super::http::Head;
use crate::base::{Layer, Limit, Reader, WireError};

/// What the server wants answered. MS-NLMP 2.2.1.2.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Challenge {
    /// Eight bytes to be answered.
    pub challenge: [u8; 8],
    /// `NegotiateFlags`
    pub flags: u32,
    /// `TargetName`: the domain or server, without what is no Unicode.
    pub target_name: String,
    /// `TargetInfo`: AV pairs, perhaps none.
    pub target_info: Vec<u8>,
}

/// Who the client says it is. MS-NLMP 2.2.1.3.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Authenticate {
    /// `LmChallengeResponse`
    pub lm: Vec<u8>,
    /// `NtChallengeResponse`
    pub nt: Vec<u8>,
    /// `DomainName`
    pub domain: String,
    /// `UserName`
    pub user: String,
}

/// NEGOTIATE_MESSAGE, without domain and workstation. MS-NLMP 2.2.1.1.
pub fn negotiate() -> Vec<u8> {
    [SIGNATURE, &1u32.to_le_bytes(), &OFFERED.to_le_bytes(), &[0; 16]].concat()
}

/// The number of the message: 1, 2 or 3.
pub fn number(bytes: &[u8]) -> Option<u32> {
    let rest = bytes.strip_prefix(SIGNATURE)?;
    rest.first_chunk().map(|four| u32::from_le_bytes(*four))
}

impl Challenge {
    /// Reads CHALLENGE_MESSAGE.
    pub fn parse(bytes: &[u8]) -> Result<Challenge, WireError> {
        let mut reader = begun(bytes, 2)?;
        let at = reader.at();
        // The name is for people: squid's helper for tests points anywhere.
        let name = field(bytes, &mut reader, "TargetName").or_else(|error| if reader.at() == at + 8 { Ok(&[]) } else { Err(error) })?;
        let flags = le32(&mut reader, "NegotiateFlags")?;
        let challenge = reader.array("ServerChallenge")?;
        reader.take("Reserved", 8)?;
        // Servers before NTLMv2 end here, or go on with the payload.
        let told = flags & TARGET_INFO != 0;
        let info = if told { field(bytes, &mut reader, "TargetInfo")? } else { &[][..] };
        Ok(Challenge { challenge, flags, target_name: text(name, flags), target_info: info.to_vec() })
    }

    /// The bytes.
    pub fn emit(&self) -> Vec<u8> {
        let name = utf16(&self.target_name);
        let info = HEAD_2 + name.len();
        let fields = [pointer(name.len(), HEAD_2), pointer(self.target_info.len(), info)];
        [
            SIGNATURE,
            &2u32.to_le_bytes(),
            &fields[0],
            &self.flags.to_le_bytes(),
            &self.challenge,
            &[0; 8],
            &fields[1],
            &[0; 8],
            &name,
            &self.target_info,
        ]
        .concat()
    }
}

impl Authenticate {
    /// Reads AUTHENTICATE_MESSAGE.
    pub fn parse(bytes: &[u8]) -> Result<Authenticate, WireError> {
        let mut reader = begun(bytes, 3)?;
        let lm = field(bytes, &mut reader, "LmChallengeResponse")?.to_vec();
        let nt = field(bytes, &mut reader, "NtChallengeResponse")?.to_vec();
        let domain = field(bytes, &mut reader, "DomainName")?;
        let user = field(bytes, &mut reader, "UserName")?;
        Ok(Authenticate { lm, nt, domain: text(domain, UNICODE), user: text(user, UNICODE) })
    }

    /// The bytes; `flags` are those of the challenge.
    pub fn emit(&self, flags: u32) -> Vec<u8> {
        let parts: [Vec<u8>; 6] =
            [self.lm.clone(), self.nt.clone(), utf16(&self.domain), utf16(&self.user), utf16(WORKSTATION), Vec::new()];
        let mut at = HEAD_3;
        let mut bytes = [SIGNATURE, &3u32.to_le_bytes()].concat();
        for part in &parts {
            bytes.extend(pointer(part.len(), at));
            at += part.len();
        }
        bytes.extend(((flags & OFFERED) | UNICODE).to_le_bytes());
        bytes.extend(parts.concat());
        bytes
    }
}

/// The bytes behind `NTLM` in a `Proxy-Authorization` header.
pub fn shown(head: &Head) -> Option<Vec<u8>> {
    let (scheme, token) = head.header("proxy-authorization")?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("NTLM").then(|| crate::base::unbase64(token.trim()))?
}

fn begun(bytes: &[u8], expected: u32) -> Result<Reader<'_>, WireError> {
    let mut reader = Reader::new(Layer::Proxy, bytes);
    let signature = reader.take("NTLM signature", SIGNATURE.len())?;
    let number = le32(&mut reader, "MessageType")?;
    if signature != SIGNATURE || number != expected {
        return Err(reader.error(&format!("NTLM message {expected}"), 0, 0, Limit::Spec("MS-NLMP 2.2.1".into())));
    }
    Ok(reader)
}

fn le32(reader: &mut Reader<'_>, what: &str) -> Result<u32, WireError> {
    reader.array(what).map(u32::from_le_bytes)
}

/// Length, allocated length and offset of a field in the payload. MS-NLMP 2.2.1.2.
fn field<'a>(bytes: &'a [u8], reader: &mut Reader<'_>, what: &str) -> Result<&'a [u8], WireError> {
    let len = usize::from(reader.array(what).map(u16::from_le_bytes)?);
    reader.take(what, 2)?;
    let offset = le32(reader, what)? as usize;
    let end = offset.saturating_add(len);
    match bytes.get(offset..end) {
        Some(value) => Ok(value),
        None if len == 0 => Ok(&[]),
        None => Err(reader.error(what, end, bytes.len(), Limit::Spec("MS-NLMP 2.2.1".into()))),
    }
}

fn pointer(len: usize, offset: usize) -> [u8; 8] {
    let (len, offset) = (u16::try_from(len).unwrap_or(u16::MAX).to_le_bytes(), u32::try_from(offset).unwrap_or(u32::MAX).to_le_bytes());
    [len[0], len[1], len[0], len[1], offset[0], offset[1], offset[2], offset[3]]
}

fn text(bytes: &[u8], flags: u32) -> String {
    match flags & UNICODE {
        0 => String::from_utf8_lossy(bytes).into_owned(),
        _ => String::from_utf16_lossy(&bytes.chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]])).collect::<Vec<_>>()),
    }
}

fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

const SIGNATURE: &[u8] = b"NTLMSSP\0";
/// MS-NLMP 2.2.2.5: `NTLMSSP_NEGOTIATE_UNICODE`.
const UNICODE: u32 = 0x0000_0001;
/// MS-NLMP 2.2.2.5: Unicode, OEM, request target, NTLM, always sign, extended session security.
pub const OFFERED: u32 = UNICODE | 0x2 | 0x4 | 0x200 | 0x8000 | 0x8_0000;
/// MS-NLMP 2.2.2.5: `NTLMSSP_NEGOTIATE_TARGET_INFO`.
pub const TARGET_INFO: u32 = 0x80_0000;
/// Bytes before the payload of CHALLENGE_MESSAGE, the version included.
const HEAD_2: usize = 56;
/// Bytes before the payload of AUTHENTICATE_MESSAGE, without version and MIC.
const HEAD_3: usize = 64;
/// Ours: the name of the workstation; no name of the real machine is given away.
const WORKSTATION: &str = "SSTP-DIAG";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::unhex;

    #[test]
    fn the_challenge_of_ms_nlmp_4_2_4_3_is_read() {
        let bytes = unhex(
            "4e544c4d53535000020000000c000c003800000033828ae20123456789abcdef00000000000000002400240044000000060070170000000f\
             530065007200760065007200\
             02000c0044006f006d00610069006e0001000c0053006500720076006500720000000000",
        )
        .expect("hexadecimal");
        let read = Challenge::parse(&bytes).expect("well formed");
        assert_eq!((read.challenge, read.target_name.as_str()), ([0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef], "Server"));
        assert_eq!((read.flags, read.target_info.len()), (0xe28a_8233, 36));
        assert_eq!(Challenge::parse(&read.emit()), Ok(read));
        for cut in 0..bytes.len() {
            let _ = Challenge::parse(&bytes[..cut]);
        }
    }

    #[test]
    fn a_pointer_out_of_the_message_is_an_error_with_a_place() {
        let mut bytes = Challenge { challenge: [1; 8], flags: TARGET_INFO, target_name: "X".into(), target_info: vec![0; 4] }.emit();
        bytes[44..48].copy_from_slice(&u32::MAX.to_le_bytes());
        assert!(Challenge::parse(&bytes).expect_err("out of bounds").what.contains("TargetInfo"));
        // As squid's ntlm_fake_auth says it: a name that points out of the message, and no information.
        let fake = unhex("4e544c4d535350000200000009000900aeaaaaaa0682080072fd80aa34cb95a70000000000003a00574f524b47524f5550")
            .expect("hexadecimal");
        let read = Challenge::parse(&fake).expect("what is needed is there");
        assert_eq!((read.target_name.as_str(), read.target_info.len(), read.challenge[0]), ("", 0, 0x72));
        assert!(Challenge::parse(b"NTLMSSP\0\x03\0\0\0").is_err());
    }

    #[test]
    fn what_is_said_is_read_again() {
        let said = Authenticate { lm: vec![0; 24], nt: vec![7; 60], domain: "CORP".into(), user: "alicé".into() };
        let bytes = said.emit(OFFERED);
        assert_eq!((number(&bytes), number(&negotiate())), (Some(3), Some(1)));
        assert_eq!(Authenticate::parse(&bytes), Ok(said));
    }
}
