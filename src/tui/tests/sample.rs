//! Invented data, among it titles that break weaker screens.

use std::path::PathBuf;

use chrono::{DateTime, Duration, FixedOffset, TimeZone, Utc};

use crate::handoff::{Git, Transcript};
use crate::service::{CarryOffer, Happening, LeftBehind, Named, NotPublished, SshAddress, SshSource};
use crate::text::clean;
use crate::tui::message::{
    AudienceKind, AudienceView, CloneOffer, Draft, Error, Found, Hit, InboxEntry, Listed, Live, Logged,
    Matched, Page, Plan, PlanKind, Published, PublishedAll, Role, Session, Signer, State, Taken, Ttl, Turn,
};

pub const CREATOR: &str = "pk:8pinxxgqs41n4aididenw5apqp1urfmzdztr8jt4abrkdn435ewo";

/// 25 November 2026, 10:41 in a place one hour east of Greenwich.
pub fn now() -> DateTime<FixedOffset> {
    FixedOffset::east_opt(3600).unwrap().with_ymd_and_hms(2026, 11, 25, 10, 41, 12).unwrap()
}

fn ago(minutes: i64) -> DateTime<Utc> {
    now().to_utc() - Duration::minutes(minutes)
}

pub fn session(at: u8, title: &str, project: &str, minutes: i64) -> Session {
    Session {
        session_id: format!("{at:08x}-1111-4222-8333-444455556666"),
        title: clean(title),
        project: project.to_owned(),
        git_branch: (!at.is_multiple_of(3)).then(|| "feat/retry".to_owned()),
        updated_at: ago(minutes),
        size: 13_107 * u64::from(at),
        path: PathBuf::from(format!("/x/{at}.jsonl")),
        live: if at == 2 { Live::Yes } else { Live::No },
        resumable: at != 7,
        why_not: (at == 7).then(|| "nothing was said in it".to_owned()),
        hidden: false,
        duplicate: false,
        damaged: false,
        continued_in: None,
        checking: false,
        api_error: false,
        cwd: Some(PathBuf::from(project)),
        real_cwd: None,
        model: Some("claude-opus-4-8".to_owned()),
        tag: (at == 2).then(|| "backend".to_owned()),
        pull_request: (at == 2).then(|| "example/webshop#42".to_owned()),
        last_words: Some(format!("last words of “{}”", clean(title))),
    }
}

pub fn sessions() -> Vec<Session> {
    vec![
        session(1, "Write the release notes for 2.4", "/home/dana/blog", 3),
        session(2, "Retry failed uploads with a growing pause", "/home/dana/webshop", 14),
        session(
            3,
            "외주 앱의 로그인 화면을 고치고 테스트를 추가해 주세요, 한 번 더",
            "/home/dana/외주/app",
            55,
        ),
        session(4, "👩‍👩‍👧‍👦 🇯🇵 ❤️ a family of emoji in a title", "/home/dana/fun", 130),
        session(5, "مراجعة طلب الدمج رقم ٤٢", "/home/dana/rtl", 600),
        session(
            6,
            "Cafe\u{301} na\u{308}ive re\u{301}sume\u{301} \u{202e}evil\u{1b}[31m red",
            "/home/dana/fun",
            1500,
        ),
        session(7, "(session)", "/home/dana/webshop", 3000),
        session(8, "Why is the build slow on the second machine only", "/home/dana/webshop", 9000),
    ]
}

/// The end of a conversation that is known whole.
pub fn page() -> Page {
    Page { turns: turns(), end: 9000, size: 9000, ..Page::default() }
}

/// The same around its first message, which a search found.
pub fn page_around() -> Page {
    let mut page = Page { marked: 0..1, ..page() };
    page.turns[0].lit = vec![22..29, 55..60];
    page
}

/// Sessions in which a search found something.
pub fn matched() -> Vec<Matched> {
    let hit = |role, snippet: &str, lit: std::ops::Range<usize>, at: u64| Hit {
        role,
        snippet: snippet.to_owned(),
        matches: [lit].into(),
        line: at..at + 100,
        sidechain: false,
    };
    let mut sessions = sessions();
    let (blog, shop) = (sessions.remove(0), sessions.remove(0));
    let first = hit(Role::User, "Uploads fail when the network drops", 22..29, 0);
    let second = hit(Role::Assistant, "…when the network comes back, it retries", 12..19, 700);
    let other = hit(Role::Assistant, "release notes: the network code is new", 19..26, 40);
    vec![
        Matched { session: shop, hits: vec![first, second], count: 2, rank: 4 },
        Matched { session: blog, hits: vec![other], count: 1, rank: 1 },
    ]
}

pub fn turn(text: &str) -> Turn {
    Turn::new(Role::Assistant, text.to_owned())
}

pub fn turns() -> Vec<Turn> {
    let turn = |role, text: &str| Turn::new(role, text.to_owned());
    vec![
        turn(Role::User, "Uploads fail when the network drops for a second. Make them retry."),
        turn(Role::Tool, "Read src/upload.rs"),
        Turn {
            brief: "```\n14 passed\n1 failed\n```".to_owned(),
            detail: "```\nrunning 15 tests\n14 passed\n1 failed\n```".to_owned(),
            ..turn(Role::Tool, "Bash cargo test upload")
        },
        turn(
            Role::Assistant,
            "The upload gives up at the first error.\nI will let it try five times, with a pause that doubles.",
        ),
        turn(Role::User, "그리고 👩‍👩‍👧‍👦 도 잊지 마세요"),
        turn(
            Role::Assistant,
            "Done: five tries, 200 ms to 3.2 s, and a test with a server that fails twice.",
        ),
    ]
}

pub fn listed(at: u8, title: Option<&str>, kind: AudienceKind, state: State, left: i64) -> Listed {
    let letter = match kind {
        AudienceKind::Devices => 'd',
        AudienceKind::Share => 's',
        AudienceKind::Pin => 'p',
        AudienceKind::Link => 'l',
    };
    let token = format!("{letter}ybndrfg8ejk{at:02}");
    Listed {
        link: Some(format!("{CREATOR}/{token}").into()),
        token,
        audience: AudienceView { kind, name: (kind == AudienceKind::Share).then(|| "anna".to_owned()) },
        session_id: format!("{at:08x}-1111-4222-8333-444455556666"),
        project: "/home/dana/webshop".to_owned(),
        label: None,
        title: title.map(clean),
        state,
        burn_after_read: at == 3,
        created_at: ago(12),
        expires_at: now().to_utc() + Duration::seconds(left),
        copies: (state != State::Publishing).then_some(17 - u32::from(at)),
        web_link: None,
        pin: None,
        ssh: None,
        named: Named::default(),
        own: true,
        phone_pass: false,
        announced_at: (state == State::Fading).then(|| ago(50)),
        picked_up: (state == State::PickedUp)
            .then(|| crate::service::PickedUp { at: ago(4), hostname: "pixel-9".to_owned() }),
        carry: None,
        group: None,
    }
}

pub fn handoffs() -> Vec<Listed> {
    vec![
        listed(
            1,
            Some("Retry failed uploads with a growing pause"),
            AudienceKind::Devices,
            State::Live,
            28_121,
        ),
        listed(2, Some("외주 앱의 로그인 화면"), AudienceKind::Share, State::PickedUp, 3600),
        listed(3, None, AudienceKind::Pin, State::Publishing, 540),
        listed(4, Some("👩‍👩‍👧‍👦 🇯🇵 ❤️ a family of emoji in a title"), AudienceKind::Link, State::Fading, 200_000),
    ]
}

/// What happened to the first two of [`handoffs`], newest first.
pub fn log() -> Vec<Logged> {
    let logged = |at: u8, kind, minutes, event, ttl, by: Option<&str>| {
        let row = listed(at, Some("A title"), kind, State::Live, 3600);
        Logged {
            at: ago(minutes),
            event,
            token: Some(row.token),
            audience: Some(row.audience),
            session_id: Some(row.session_id),
            project: Some(row.project),
            label: None,
            title: row.title,
            by: by.map(str::to_owned),
            from: None,
            ttl,
        }
    };
    let (devices, share) = (AudienceKind::Devices, AudienceKind::Share);
    vec![
        logged(2, share, 4, Happening::PickedUp, None, Some("pixel-9")),
        logged(2, share, 7, Happening::Extended, Some(4320), None),
        logged(1, devices, 12, Happening::Published, Some(28_800), None),
        logged(2, share, 12, Happening::Published, Some(3600), None),
    ]
}

pub fn entry(at: u8, title: Option<&str>, from: &str, left: i64) -> InboxEntry {
    InboxEntry {
        token: format!("dybndrfg8ejk{at:02}"),
        session_id: format!("{at:08x}-1111-4222-8333-444455556666"),
        creator: CREATOR.to_owned(),
        from: if from == "you" { Signer::Me } else { Signer::Key(from.to_owned()) },
        audience: if from == "you" { AudienceKind::Devices } else { AudienceKind::Share },
        hostname: "framework-desktop".to_owned(),
        project: "/home/dana/webshop".to_owned(),
        title: title.map(clean),
        created_at: ago(i64::from(at) * 7),
        expires_at: now().to_utc() + Duration::seconds(left),
        burn_after_read: at == 2,
        picked_up: false,
        outdates: false,
    }
}

pub fn inbox() -> Vec<InboxEntry> {
    vec![
        entry(1, Some("Plan the move to the new database"), "you", 28_121),
        entry(2, Some("مراجعة طلب الدمج رقم ٤٢"), "anna", 3700),
        entry(3, None, "you", 300),
    ]
}

pub fn plan(kind: PlanKind, ready: bool) -> Plan {
    Plan {
        kind,
        command: vec!["claude".into(), "--resume".into(), "00000001-1111-4222-8333-444455556666".into()],
        directory: Some(PathBuf::from("/home/dana/webshop")),
        shell: "cd /home/dana/webshop && claude --resume 00000001-1111-4222-8333-444455556666".to_owned(),
        ready,
        notes: Vec::new(),
        lacks_folder: false,
        went_on: None,
        handed: None,
        ends: None,
        brief: "claude --resume 00000001-1111-4222-8333-444455556666".to_owned(),
        why_not: (!ready).then(|| "The session is not on this machine.".to_owned()),
    }
}

pub fn taken(ready: bool) -> Taken {
    let entry = entry(1, Some("Plan the move to the new database"), "you", 28_121);
    Taken {
        token: entry.token,
        creator: CREATOR.to_owned(),
        verified: true,
        version: 1,
        session_id: "00000001-1111-4222-8333-444455556666".to_owned(),
        hostname: entry.hostname,
        project: entry.project,
        label: None,
        title: entry.title,
        note: Some("the migration is half done; see TODO in schema.sql".to_owned()),
        git: Some(Git { branch: Some("db/move".to_owned()), ..Git::default() }),
        ssh: None,
        transcript: Transcript { bytes: 812_345, tail: "0011223344556677".to_owned() },
        carry: None,
        created_at: ago(12),
        expires_at: entry.expires_at,
        ttl: Ttl::DEFAULT,
        burn_after_read: false,
        pin_protected: false,
        burned: false,
        link: None,
        plans: vec![plan(PlanKind::Here, ready), plan(PlanKind::Command, true)],
    }
}

pub fn found(ready: bool, confirmed: bool) -> Found {
    Found::sample(
        taken(ready),
        "signed by you, from framework-desktop, 12 min ago, expires in 7h 48m",
        confirmed,
    )
}

/// One whose project is nowhere on this machine, and may be cloned.
pub fn found_nowhere(remote: Option<&str>) -> Found {
    let mut found = found(false, true);
    let bring = plan(PlanKind::Bring, true).lacks_folder("no folder of this machine is known");
    found.pickup.plans = vec![bring, plan(PlanKind::Command, true)];
    let offer = |remote| CloneOffer::new(remote, "/home/dana/webshop".into(), Some("/home/dana".into()));
    found.clone_offer = remote.map(offer);
    found
}

pub fn published(kind: AudienceKind, pin: Option<&str>) -> Published {
    let row = listed(9, Some("Retry failed uploads with a growing pause"), kind, State::Live, 28_800);
    Published {
        web_link: None,
        ssh: None,
        ssh_guessed: false,
        user_ssh: None,
        left_behind: LeftBehind::default(),
        replaced: Vec::new(),
        token: row.token,
        link: row.link.unwrap_or_default(),
        audience: row.audience,
        session_id: row.session_id,
        project: row.project,
        title: row.title,
        created_at: row.created_at,
        expires_at: row.expires_at,
        ttl: Ttl::DEFAULT,
        burn_after_read: false,
        pin: pin.map(Into::into),
        carry: None,
        carry_key: None,
        copies: 17,
        warnings: Vec::new(),
    }
}

/// The same to two of a team; with an error a third one did not get it.
pub fn published_all(error: Option<Error>) -> PublishedAll {
    let to = |name: &str| {
        let mut published = published(AudienceKind::Share, None);
        published.audience.name = Some(name.to_owned());
        published
    };
    let first = to("anna");
    PublishedAll {
        audience: AudienceView { kind: AudienceKind::Share, name: Some("backend".to_owned()) },
        group: "g".to_owned(),
        session_id: first.session_id.clone(),
        project: first.project.clone(),
        title: first.title.clone(),
        created_at: first.created_at,
        expires_at: first.expires_at,
        ttl: first.ttl,
        burn_after_read: false,
        handoffs: vec![first, to("ben")],
        failed: error
            .map(|cause| NotPublished {
                name: "carl".to_owned(),
                public_key: CREATOR.to_owned(),
                error: cause.message.clone(),
                cause,
            })
            .into_iter()
            .collect(),
        warnings: Vec::new(),
    }
}

/// What is proposed for the session of this directory.
pub fn draft() -> Draft {
    let session = sessions().remove(1);
    Draft {
        continues: None,
        ttl: Ttl::DEFAULT,
        title: session.title.clone(),
        label: None,
        named: Named::default(),
        ssh: Some(SshAddress { address: "dana@framework-desktop".to_owned(), source: SshSource::HostName }),
        git: None,
        left_behind: LeftBehind { changed_files: 2, new_files: 0, unpushed_commits: 1 },
        busy: false,
        went_on: None,
        alive: vec![Listed {
            session_id: session.session_id.clone(),
            ..listed(1, None, AudienceKind::Devices, State::Live, 28_121)
        }],
        carry: CarryOffer::default(),
        session,
    }
}
