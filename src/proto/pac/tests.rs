use super::*;

fn world(names: &[(&str, Option<[u8; 4]>)]) -> World {
    let names = names.iter().map(|(name, address)| (name.to_string(), address.map(Ipv4Addr::from))).collect();
    // Thursday, 2026-11-26, 07:30 UTC.
    World { names, ours: Ipv4Addr::new(10, 1, 2, 3), now_unix: 1_795_678_200 }
}

fn ask(script: &str, host: &str, names: &[(&str, Option<[u8; 4]>)]) -> Outcome {
    match Script::parse(script) {
        Ok(script) => script.find(&format!("https://{host}/"), host, &world(names)),
        Err(error) => Outcome::Failed(error),
    }
}

fn answer(script: &str, host: &str) -> String {
    match ask(script, host, &[]) {
        Outcome::Choices(all) => all.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "),
        other => panic!("{other:?}"),
    }
}

fn error(script: &str) -> PacError {
    match ask(script, "vpn.example.test", &[]) {
        Outcome::Failed(error) => error,
        other => panic!("{other:?}"),
    }
}

/// An expression as the condition of a script.
fn holds(expression: &str) -> bool {
    answer(&format!("function FindProxyForURL(url, host) {{ return {expression} ? 'PROXY yes:1' : 'DIRECT'; }}"), "vpn.example.test")
        != "DIRECT"
}

const OFFICE: &str = r#"
    // An office, as many of them are written.
    var inside = ["intranet.example.test", "wiki.example.test"], main = "PROXY proxy.example.test:3128";
    function listed(host) {
        for (var i = 0; i < inside.length; i++)
            if (host == inside[i]) return true
        return false;
    }
    /* the entry */
    function FindProxyForURL(url, host) {
        host = host.toLowerCase();
        if (isPlainHostName(host) || dnsDomainIs(host, ".local") || listed(host)) { return "DIRECT"; }
        else if (url.substring(0, 6) == "https:" && shExpMatch(host, "*vpn*.example.???t"))
            return main + "; SOCKS5 socks.example.test:1080; DIRECT";
        if (isInNet(dnsResolve(host), "192.168.0.0", "255.255.0.0")) return "DIRECT";
        return "HTTPS secure.example.test:443; " + main;
    }
"#;

#[test]
fn an_ordinary_script_sends_each_host_its_way() {
    assert_eq!(answer(OFFICE, "printer"), "DIRECT");
    assert_eq!(answer(OFFICE, "WIKI.example.test"), "DIRECT");
    assert_eq!(answer(OFFICE, "my-vpn-1.example.test"), "PROXY proxy.example.test:3128; SOCKS5 socks.example.test:1080; DIRECT");
    assert_eq!(ask(OFFICE, "www.example.test", &[]), Outcome::NeedsName("www.example.test".into()));
    let known = |address| ask(OFFICE, "www.example.test", &[("www.example.test", address)]);
    assert_eq!(known(Some([192, 168, 7, 7])), Outcome::Choices(vec![Choice::Direct]));
    let other = vec![Choice::Other("HTTPS secure.example.test:443".into()), Choice::Http("proxy.example.test:3128".into())];
    assert_eq!((known(None), known(Some([8, 8, 8, 8]))), (Outcome::Choices(other.clone()), Outcome::Choices(other)));
}

#[test]
fn the_functions_do_what_their_description_says() {
    for yes in [
        "localHostOrDomainIs('www', 'www.example.test')",
        "!localHostOrDomainIs('www.other.test', 'www.example.test')",
        "isInNet('198.95.249.79', '198.95.249.79', '255.255.255.255')",
        "dnsDomainLevels('www.example.test') == 2",
        "myIpAddress() == '10.1.2.3' && isInNet(myIpAddress(), '10.0.0.0', '255.0.0.0')",
        "shExpMatch('a/b/c', '*/b/*') && !shExpMatch('a/b', '*/b/*') && shExpMatch('', '*')",
        "weekdayRange('THU') && weekdayRange('WED', 'FRI', 'GMT') && weekdayRange('SAT', 'THU') && !weekdayRange('FRI')",
        "timeRange(7, 8) && timeRange(22, 7) && !timeRange(8, 12)",
        "'abc'.indexOf('c') === 2 && 'abc'.indexOf('x') < 0 && 'abc'.charAt(1) == 'b' && 'abc'[0] == 'a'",
        "'a.b.c'.split('.').length == 3 && 'a.b'.split('.').join('-') == 'a-b' && ['x'].includes('x')",
        "'abcdef'.substr(-3, 2) == 'de' && 'abcdef'.slice(1, -1) == 'bcde' && 'abc'.substring(2, 0) == 'ab'",
        "'1' == 1 && !('1' === 1) && null == undefined && !(null == 0) && 1 + '2' == '12' && 7 % 4 == 3",
        "(true || nosuch()) && !(false && nosuch()) && -1 < 0 && parseInt('12px') == 12",
    ] {
        assert!(holds(yes), "{yes}");
    }
}

#[test]
fn what_leaves_the_subset_is_an_error_with_its_line() {
    let rows = [
        ("function FindProxyForURL(u, h) {\n return /vpn/.test(h) ? 'DIRECT' : 'DIRECT' }", 2, "regular expression"),
        ("\n\nvar x = new Date();", 3, "\"new\""),
        ("switch (1) {}", 1, "\"switch\" is not understood"),
        ("\ntry { x() } catch (e) {}", 2, "\"try\" is not understood"),
        ("function FindProxyForURL(u, h) {\n return nosuch(h) }", 2, "nosuch"),
        ("function FindProxyForURL(u, h) {\n return h.match('x') }", 2, "match"),
        ("function FindProxyForURL(u, h) { return x }", 1, "not defined"),
        ("var x = 1", 1, "FindProxyForURL"),
        ("<html>", 1, "web page"),
        ("var x = \"", 1, "without an end"),
        ("/* ", 1, "without an end"),
        ("function f( {", 1, "a name"),
        ("var a = 1; a.b = 2", 1, "a name before"),
        ("function FindProxyForURL(u, h) { return 'WHATEVER x:1' }", 0, "is none"),
        ("function FindProxyForURL(u, h) { return 'PROXY' }", 0, "no host"),
    ];
    for (script, line, says) in rows {
        let error = error(script);
        assert!(error.says.contains(says) && (error.line == line || line == 1 && error.line <= 1), "{script}: {error}");
    }
    assert_eq!(answer("function FindProxyForURL(u, h) { if (false) return 'PROXY x:1' }", "h"), "DIRECT");
}

#[test]
fn hostile_scripts_end_in_bounded_time_and_memory() {
    let body = |body: &str| format!("function FindProxyForURL(u, h) {{ {body} }}");
    assert!(error(&body("while (true) {}")).says.contains("steps"));
    assert!(error(&body("for (;;) h = h + 'x'")).says.contains("bytes"));
    assert!(error(&body("var s = 'xxxxxxxx'; while (true) s += s")).says.contains("bytes"));
    assert!(error(&body("return FindProxyForURL(u, h)")).says.contains("nested deeper"));
    assert!(error(&body(&format!("return {}1{}", "(".repeat(10_000), ")".repeat(10_000)))).says.contains("nested deeper"));
    assert!(error(&body(&format!("return {}1", "!".repeat(10_000)))).says.contains("nested deeper"));
    assert!(error(&body(&format!("return 1{}", "+1".repeat(10_000)))).says.contains("in a row"));
    assert!(error(&"{".repeat(100_000)).says.contains("nested deeper"));
    assert!(error(&" ".repeat(MOST_BYTES + 1)).says.contains("bytes"));
    let deep = format!("function f(a) {{ return {}f(a){} }}", "(".repeat(30), ")".repeat(30));
    assert!(error(&format!("{deep} {}", body("return f(1)"))).says.contains("deeper"));
    let many = (0..3000).map(|i| format!("else if (h == 'x{i}' || false) return 'PROXY x:1';")).collect::<String>();
    assert_eq!(answer(&body(&format!("if (false) return 1; {many} else return 'PROXY last:1'")), "h"), "PROXY last:1");
    assert_eq!(answer(&body(&format!("return false{} || 'PROXY y:1'", " || h == 'x'".repeat(3000))), "h"), "PROXY y:1");
    let slow = "*a".repeat(30);
    assert!(!holds(&format!("shExpMatch('{}', '{slow}b')", "a".repeat(2000))));
}

proptest::proptest! {
    #[test]
    fn no_text_makes_it_panic(text in "[a-z(){};=+!?:.,\"'/<>\\[\\]0-9 \n]{0,60}") {
        let _ = ask(&text, "vpn.example.test", &[]);
        let _ = ask(&format!("function FindProxyForURL(u,h){{{text}}}"), "vpn.example.test", &[]);
    }
}
