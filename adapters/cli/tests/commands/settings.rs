//! Settings: what is wrong with one is said, and one that is set to nothing is not set.

use super::{convene_with, fresh, root};

#[test]
fn a_setting_that_is_set_to_nothing_is_not_set() {
    let dir = fresh("settings-empty");
    let nothing =
        ["DATABASE_URL", "AMQP_URL", "CONVENE_LISTEN", "CONVENE_DIR", "CONVENE_LOG"].map(|s| (s, ""));
    let (code, out, err) = convene_with(&dir, &nothing, &["migrate"]);
    assert_eq!((code, out.contains("applied ")), (0, true), "{out}{err}");
    assert!(dir.join(".convene/convene.db").is_file());
    let (code, _, err) = convene_with(&root(), &nothing, &["graph", "inbound"]);
    assert_eq!((code, err.as_str()), (0, ""));
    let (code, _, err) = convene_with(&dir, &nothing, &["run"]);
    assert!(code == 2 && err.contains(". is no deployment"), "{code} {err}");
}

#[test]
fn a_setting_that_cannot_be_meant_is_refused_and_no_secret_is_shown() {
    let dir = fresh("settings-wrong");
    for (name, value, said) in [
        ("DATABASE_URL", "mysql://nina:s3cr3t@db/convene", "the database URL begins with mysql://"),
        ("DATABASE_URL", "nina:s3cr3t@db/convene", "the database URL is no URL"),
        ("AMQP_URL", "http://nina:s3cr3t@broker", "the AMQP URL cannot be read"),
        ("CONVENE_LOG", ",,,==", "CONVENE_LOG=\",,,==\": "),
        ("CONVENE_LOG", "convene=loud", "CONVENE_LOG=\"convene=loud\": "),
    ] {
        let repository = root();
        let run = ["run", "--listen", "127.0.0.1:0", "--dir", repository.to_str().unwrap()];
        let (code, _, err) = convene_with(&dir, &[(name, value)], &run);
        let complaint = err.lines().find(|line| line.starts_with("convene: ")).unwrap_or(&err);
        assert!(code == 2 && complaint.contains(said), "{name}={value}: {code} {err}");
        assert!(!err.contains("s3cr3t"), "{err}");
    }
}

#[test]
fn a_named_folder_of_scenarios_that_is_not_there_is_no_lack_of_coverage() {
    for more in [&["--min", "99"][..], &["--coverage"], &["--mutate"], &[]] {
        let arguments = [&["test", "--scenarios", "nowhere"], more].concat();
        let (code, _, err) = convene_with(&root(), &[], &arguments);
        assert!(code == 2 && err.contains("--scenarios nowhere: there is no such folder"), "{more:?}: {err}");
    }
}
