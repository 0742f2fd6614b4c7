//! Plays the server's side of a recording to live clients.

use super::course::Course;
use super::moment::{Moment, Present};
use super::outcome::Outcome;
use super::player::{Login, Manner, Player, Shared};
use crate::base::{Micros, Secret, Side};
use crate::jobs::lab::pki::papers::Papers;
use crate::jobs::lab::pki::{Authority, PkiKind};
use crate::live::LiveError;
use crate::live::clock::Clock;
use crate::live::listen::{Door, Front, Identity, Listener, Maker};
use crate::live::wiretap::Ear;
use crate::proto::Machine;
use crate::proto::auth::{self, EapServer};
use crate::proto::plan::{CertHashes, Credentials, Method, Mind, Plan, ServerConfig, Toxic};
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::watch;

/// What is played to whom.
#[derive(Clone)]
pub struct ListenConfig {
    /// Where to listen.
    pub at: SocketAddr,
    /// Who we are in TLS; `None`: a certificate is made.
    pub identity: Option<Identity>,
    /// Names on the certificate that is made, beside those of the lab.
    pub names: Vec<String>,
    /// The server's side.
    pub course: Arc<Course>,
    /// How it is played.
    pub manner: Manner,
    /// What was recorded is sent as it was.
    pub verbatim: bool,
    /// The account of who logs in.
    pub credentials: Option<Credentials>,
    /// A login with TLS inside EAP, which our own end makes anew; the course is one [`Course::without_login`].
    pub login: Option<Serves>,
    /// Sessions to play; then it ends.
    pub count: u64,
    /// Every write is held back so long.
    pub hold: Duration,
    /// Random values come from it.
    pub seed: u64,
    /// Who hears what goes through the sockets.
    pub ear: Ear,
}

/// What our own end of EAP serves. It shows the certificate of the SSTP server.
#[derive(Clone, Debug)]
pub struct Serves {
    /// The method.
    pub method: Method,
    /// Roots for the certificates of clients, DER.
    pub client_roots: Vec<Vec<u8>>,
}

/// It listens.
#[derive(Clone, Debug)]
pub struct Listening {
    /// Where, the port filled in.
    pub at: SocketAddr,
    /// The root of the certificate that was made, PEM.
    pub root_pem: Option<String>,
}

/// What the sessions came to, in the order in which they began.
pub type Sessions = Vec<Outcome>;

/// Listens until so many sessions were played, or the user wants to stop. `tell` hears where it listens.
pub async fn serve(
    config: ListenConfig,
    clock: &Clock,
    mut stop: watch::Receiver<bool>,
    tell: &mut dyn FnMut(&Listening),
) -> Result<Sessions, LiveError> {
    let (identity, root_pem) = match config.identity.clone() {
        Some(identity) => (identity, None),
        None => {
            made(clock, &config.names).map_err(|source| LiveError { doing: "make a certificate for", to: config.at.to_string(), source })?
        }
    };
    let login = match &config.login {
        None => None,
        Some(serves) => {
            let own = auth::Identity { chain: identity.chain.clone(), key: Secret::new(identity.key.expose().clone()) };
            let eap = EapServer::new(&own, &serves.client_roots, None, Arc::new(*clock)).map_err(|error| LiveError {
                doing: "make an EAP server for",
                to: config.at.to_string(),
                source: io::Error::other(error),
            })?;
            Some((serves.method, eap))
        }
    };
    let toxics = if config.hold.is_zero() { Vec::new() } else { vec![Toxic::Delay(config.hold)] };
    let leaf = identity.chain.first().map_or_else(CertHashes::default, |leaf| CertHashes::of(leaf));
    let shared: Arc<Mutex<Vec<Shared>>> = Arc::default();
    let listener = Listener::open(Door {
        witness: None,
        page: false,
        at: config.at,
        front: Front::Tls,
        identity,
        client_ca: None,
        identity_without_sni: None,
        also: None,
        sni_required: None,
        plan: Plan { mind: Mind::Server(ServerConfig::default()), edits: Vec::new(), toxics, seed: config.seed },
        every_second: None,
        maker: Some(maker(&config, leaf, login, *clock, shared.clone())),
        toxics_above_tls: Vec::new(),
        ear: config.ear.clone(),
    })
    .await?;
    tell(&Listening { at: listener.address(), root_pem });
    let ended = || all(&shared).iter().filter(|outcome| outcome.ended).count() as u64;
    while ended() < config.count {
        tokio::select! {
            _ = stop.wait_for(|stop| *stop) => break,
            () = tokio::time::sleep(LOOKS) => {}
        }
    }
    listener.stop().await;
    Ok(all(&shared))
}

fn all(shared: &Mutex<Vec<Shared>>) -> Sessions {
    let sessions = shared.lock().unwrap_or_else(PoisonError::into_inner);
    sessions.iter().map(|outcome| outcome.lock().unwrap_or_else(PoisonError::into_inner).clone()).collect()
}

fn maker(
    config: &ListenConfig,
    leaf: CertHashes,
    login: Option<(Method, EapServer)>,
    clock: Clock,
    shared: Arc<Mutex<Vec<Shared>>>,
) -> Maker {
    let config = config.clone();
    Maker(Arc::new(move |now: Micros| {
        let mut sessions = shared.lock().unwrap_or_else(PoisonError::into_inner);
        let number = sessions.len() as u64;
        let present = Present {
            host: String::new(),
            date: super::date(clock.unix_ms()),
            leaf: Some(leaf),
            credentials: config.credentials.clone(),
            seed: config.seed.wrapping_add(number),
        };
        let login = login.clone().map(|(method, eap)| Login::serving(method, present.credentials.clone(), eap, present.seed));
        let moment = Moment::new(Side::Server, present, config.course.leaf, config.verbatim);
        let outcome = Shared::default();
        if number < config.count {
            sessions.push(outcome.clone());
        }
        let player = Player::new(config.course.clone(), config.manner.clone(), moment, outcome, now).with_login(login);
        Box::new(player) as Box<dyn Machine + Send>
    }))
}

fn made(clock: &Clock, names: &[String]) -> io::Result<(Identity, Option<String>)> {
    let nowhere = format!("http://{}", SocketAddr::from((Ipv4Addr::LOCALHOST, 1)));
    let authority = Authority::new(clock.unix_ms(), nowhere).map_err(io::Error::other)?.named(names);
    let chain = authority.chain(PkiKind::Clean, Papers::CLEAN).map_err(io::Error::other)?;
    Ok((chain.identity, Some(authority.root_pem())))
}

/// Ours: the sessions are looked at so often.
const LOOKS: Duration = Duration::from_millis(20);
