use super::*;
use crate::diag::log::Reader;
use crate::diag::story::{NOW, Story};
use crate::wire::ncp::AuthMethod;

const CLIENT: &str = "192.0.2.200:50123";

/// A call that is refused at the login; it begins at 2026-01-15 12:00:00 UTC.
fn refused() -> Story {
    Story::new().tls().sstp_up().lcp_up(AuthMethod::MsChapV2).responded(49).refused("E=691 R=0")
}

fn parties() -> Parties<'static> {
    Parties { client: CLIENT.parse().ok(), server: "203.0.113.7:443".parse().ok(), user: Some("EXAMPLE\\alice") }
}

fn read(text: &str) -> Log {
    let mut reader = Reader::new(None).apart();
    reader.feed(text.as_bytes());
    reader.finish()
}

/// The lines of a log that belong to the call: number, by what, and what they are to it.
fn told(story: &Story, text: &str, zone: Option<i64>) -> (Vec<(u64, By, String)>, Vec<LogUse>) {
    let mut join = Join::new(vec![("a.log".into(), read(text))], zone);
    let told = join.of(&story.facts(), parties(), &story.judged());
    let row = |told: &Told| (told.line.line, told.by, format!("{} {}", told.role.name(), told.role.finding().unwrap_or("-")));
    (told.iter().map(row).collect(), join.uses())
}

fn accel(time: &str, rest: &str) -> String {
    format!("[2026-01-15 {time}]: error: {rest}\n")
}

#[test]
fn a_line_finds_its_call_by_the_client_and_by_nothing_of_another() {
    let lines = [
        accel("12:00:00.010", "sstp: new connection from 192.0.2.200:50123"),
        accel("12:00:00.010", "sstp: new connection from 192.0.2.200:50999"),
        accel("12:00:00.010", "sstp: new connection from 192.0.2.77:50123"),
        accel("12:00:00.200", "ppp0:alice: authentication failed"),
        accel("12:00:00.200", "ppp1:bob: authentication failed"),
        accel("12:09:00.200", "ppp0:alice: authentication failed"),
    ];
    let (told, uses) = told(&refused(), &lines.concat(), None);
    assert_eq!(told, [(1, By::Address, "beside -".into()), (4, By::User, "confirms AUTH-MSCHAP-691".into())]);
    assert_eq!((uses[0].lines, uses[0].used, uses[0].zone, uses[0].left.len()), (6, 2, Some(0), 2));
}

#[test]
fn a_clock_in_another_zone_is_found_out_by_the_client_or_said() {
    let lines =
        accel("17:30:00.010", "sstp: new connection from 192.0.2.200:50123") + &accel("17:30:00.200", "ppp0:alice: authentication failed");
    let (found, uses) = told(&refused(), &lines, None);
    assert_eq!((found.len(), uses[0].zone), (2, Some(330)));
    let only_the_user = accel("17:30:00.200", "ppp0:alice: authentication failed");
    assert_eq!(told(&refused(), &only_the_user, None).0, [], "a user alone proves no clock");
    assert_eq!(told(&refused(), &only_the_user, Some(330)).0.len(), 1);
}

fn event(id: u32, provider: &str, at: &str, data: &str) -> String {
    format!(
        "<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System><Provider Name='{provider}'/><EventID>{id}</EventID>\
         <TimeCreated SystemTime='{at}'/></System><EventData>{data}</EventData></Event>\n"
    )
}

#[test]
fn what_only_the_server_knows_adds_to_the_finding_and_what_does_not_fit_is_said() {
    let reason = "<Data Name='SubjectUserName'>alice</Data><Data Name='ReasonCode'>36</Data>";
    let granted = "<Data Name='SubjectUserName'>alice</Data>";
    let expired = "<Data>CoId={1}: the connection failed</Data><Data>-2146762495</Data>";
    let lines = [
        event(6273, "Microsoft-Windows-Security-Auditing", "2026-01-15T12:00:00.3Z", reason),
        event(6272, "Microsoft-Windows-Security-Auditing", "2026-01-15T12:00:00.4Z", granted),
        event(20227, "RasClient", "2026-01-15T12:00:01Z", expired),
        event(20227, "RasClient", "2026-01-15T12:00:02Z", "<Data>691</Data>"),
    ];
    let mut join = Join::new(vec![("a.xml".into(), read(&lines.concat()))], None);
    let told = join.of(&refused().facts(), parties(), &refused().judged());
    let roles: Vec<_> = told.iter().map(|told| told.role.clone()).collect();
    let because = |says: &str| Role::Contradicts(says.into());
    assert_eq!(
        roles,
        [
            Role::Adds("AUTH-MSCHAP-691"),
            because("the call stopped at Authentication (AUTH-ACCEPT-BUT-FAIL)"),
            because("Certificate came up in this call"),
            Role::Confirms("AUTH-MSCHAP-691"),
        ]
    );
    assert_eq!(join.uses()[0].zone, None, "every line tells its zone");
}

#[test]
fn the_correlation_id_needs_no_clock() {
    let id = "5F1E3C7A-2B60-4D1F-9C6E-7A1B0C2D3E4F";
    let data = format!("<Data>CoId={{{id}}}: The user bob dialed a connection</Data><Data>691</Data>");
    let line = event(20227, "RasClient", "2020-01-01T00:00:00Z", &data);
    assert_eq!(told(&refused(), &line, None).0, []);
    let mut story = refused();
    for event in &mut story.0.events {
        if let crate::transcript::What::Http(head) = &mut event.what
            && head.header("SSTPCORRELATIONID").is_some()
        {
            head.headers.retain(|header| !header.0.eq_ignore_ascii_case("SSTPCORRELATIONID"));
            head.headers.push(("SSTPCORRELATIONID".into(), format!("{{{id}}}")));
        }
    }
    assert_eq!(told(&story, &line, None).0, [(1, By::Id, "confirms AUTH-MSCHAP-691".into())]);
    assert_eq!(story.facts().began, NOW);
}
