//! What is spoilt at each of several servers, and what of it all of them can be sent.

use super::super::args::MutateArgs;
use super::super::exit::Trouble;
use super::super::output::complain;
use super::{Ready, honest, picked, ready_target, there_are};
use crate::jobs::mutate::Variant;
use crate::jobs::probe::ProbeConfig;
use crate::jobs::replay::Script;
use std::collections::HashSet;
use tokio::sync::watch::Receiver;

/// What is spoilt at one server.
#[derive(Clone)]
pub struct Call {
    /// The honest call.
    pub script: Script,
    /// The ways in which it is spoilt.
    pub variants: Vec<Variant>,
    /// It was made with this server, although a recording was given.
    pub in_place: bool,
}

impl Call {
    /// A call that was given.
    pub fn given(script: Script, variants: Vec<Variant>) -> Call {
        Call { script, variants, in_place: false }
    }
}

/// A call that is made with this server now.
pub async fn made(args: &MutateArgs, config: &ProbeConfig, stop: &Receiver<bool>) -> Result<Call, Trouble> {
    let script = honest::call(config, stop).await?;
    let variants = picked(args, &script);
    Ok(Call::given(script, variants))
}

/// A target that has served an honest call. One of several that does not answer the recording as it was recorded, since it is another
/// kind of server, gets a call of its own.
pub async fn ready(args: &MutateArgs, call: &mut Call, config: &ProbeConfig, stop: &Receiver<bool>) -> Result<Ready, Trouble> {
    let several = args.input.is_some() && args.peer.to.len() > 1;
    match ready_target(args, call, config, stop).await {
        Err(Trouble::Ours(why)) if several => {
            let target = config.target.authority();
            // Where nobody answers, no other call goes through either.
            let any = ProbeConfig { methods: None, ..config.clone() };
            let own = made(args, &any, stop).await.map_err(|error| match error {
                Trouble::Interrupted => error,
                _ => Trouble::Ours(why),
            })?;
            complain(&format!("what was recorded does not go through with {target}: a call is made with it and spoilt in its place"));
            *call = Call { in_place: true, ..own };
            ready_target(args, call, config, stop).await
        }
        other => other,
    }
}

/// Leaves what every call has, in the order of the first: the same id is the same mutation. Says how many others each had.
pub fn in_common(args: &MutateArgs, calls: &mut [Call]) -> Result<Vec<u64>, Trouble> {
    let sets: Vec<HashSet<String>> = calls.iter().map(|call| call.variants.iter().map(|variant| variant.id.clone()).collect()).collect();
    let Some(first) = calls.first() else { return Ok(Vec::new()) };
    let order: Vec<String> =
        first.variants.iter().map(|variant| variant.id.clone()).filter(|id| sets.iter().all(|set| set.contains(id))).collect();
    let mut alone = Vec::new();
    for call in calls {
        let mut by_id: std::collections::HashMap<String, Variant> =
            std::mem::take(&mut call.variants).into_iter().map(|variant| (variant.id.clone(), variant)).collect();
        call.variants = order.iter().filter_map(|id| by_id.remove(id)).collect();
        alone.push(by_id.len() as u64);
        there_are(args, &call.variants)?;
    }
    Ok(alone)
}
