//! What our own end of EAP needs to make a recorded login that carries TLS.

use super::super::args::EapArgs;
use super::super::eap;
use super::super::exit::Trouble;
use crate::base::{Secret, Side};
use crate::jobs::probe::ProbeConfig;
use crate::jobs::replay::{Course, Script, like};
use crate::live::trust::Trust;
use crate::proto::auth::Roots;
use crate::proto::plan::{Credentials, Method};
use std::sync::Arc;

/// The method of a login with TLS inside EAP; certificate, roots and name for it go into `probe`. A `lab` has what its client needs.
/// `otherwise`: what else can be done, for who lacks something.
pub fn login(args: &EapArgs, script: &Script, lab: bool, otherwise: &str, probe: &mut ProbeConfig) -> Result<Option<Method>, Trouble> {
    if !Course::of(script, Side::Client).is_tunnelled() {
        return Ok(None);
    }
    let method = like::eap_method(script);
    given(args, probe)?;
    probe.methods = Some(vec![method]);
    let name = probe.eap.identity.as_ref().and_then(eap::name_of);
    let lacks = |what: &str| Err(Trouble::Usage(format!("the recording logs in {what}{otherwise}")));
    match method {
        _ if lab => {}
        Method::EapTls if probe.eap.identity.is_none() => return lacks("with a certificate (EAP-TLS): give --cert and --key"),
        Method::EapTls => {
            let user = || name.or_else(|| like::user(script)).unwrap_or_default();
            probe.credentials.get_or_insert_with(|| Credentials { user: user(), password: Secret::new(String::new()) });
        }
        _ => {}
    }
    match probe.credentials {
        Some(_) => Ok(Some(method)),
        None => lacks("inside TLS (PEAP): give --user and --password-file"),
    }
}

/// The client's certificate and the roots for the EAP server, as far as they are named.
pub fn given(args: &EapArgs, probe: &mut ProbeConfig) -> Result<(), Trouble> {
    probe.eap.identity = args.cert.as_deref().map(|cert| eap::identity(cert, args.key.as_deref())).transpose()?;
    let roots = args.eap_ca.as_deref().map(Trust::file_only).transpose()?;
    probe.eap.trust = roots.map(|roots| Arc::new(roots) as Arc<dyn Roots>);
    Ok(())
}
