//! Passwords in the forms they take, and what only looks like one.

use super::*;

#[track_caller]
fn check(text: &str, expect: &[&str]) {
    let mut out = Vec::new();
    let want = TypeSet::of(&[PiiType::Password, PiiType::Secret]);
    super::super::find(text, "", want, &mut out);
    let found: Vec<_> = out.iter().map(|h| &text[h.start..h.end]).collect();
    assert_eq!(found, expect, "{text}");
}

#[test]
fn what_is_said_is_found() {
    check("my password is hunter2!, thanks", &["hunter2"]);
    check("my pw is Spurs2012", &["Spurs2012"]);
    check("password for the portal was Xk7_mm2", &["Xk7_mm2"]);
    check(
        "the password for user 'app' is 'sesame7'",
        &["app", "sesame7"],
    );
    check("password \"kX9!wq\" works", &["kX9!wq"]);
    check(
        "passphrase \"correct horse battery staple\"",
        &["correct horse battery staple"],
    );
}

#[test]
fn options_and_lines_are_found() {
    check(
        "curl -u admin:P4ssTheSalt http://x",
        &["admin", "P4ssTheSalt"],
    );
    check("\\\n-u admin:P4ssTheSalt", &["admin", "P4ssTheSalt"]);
    check("sshpass -p 'letmein2019' ssh", &["letmein2019"]);
    check("mysql -u root -pQw3rty_ shop", &["root", "Qw3rty_"]);
    check(
        "docker login -u bot -p dckr9Zx1 reg.example",
        &["bot", "dckr9Zx1"],
    );
    check(
        "Connect -User DOM\\adm -Password VMware1!",
        &["DOM\\adm", "VMware1"],
    );
    check("machine h login me password s3ndMe", &["s3ndMe"]);
    check("machine h\n  password s3ndMe\n", &["s3ndMe"]);
    check("username x password 7 0822455D0A16", &["0822455D0A16"]);
}

#[test]
fn arguments_and_tags_are_found() {
    check("define('DB_PASSWORD', 'wpPr3ss');", &["wpPr3ss"]);
    check("<password>Nexus#77</password>", &["Nexus#77"]);
    check("<db.password>Nexus#77</db.password>", &["Nexus#77"]);
    check(
        "new NetworkCredential(\"ci\", \"AP7JaG9To\")",
        &["ci", "AP7JaG9To"],
    );
    check(
        "ConvertTo-SecureString \"Sommer23!\" -AsPlainText",
        &["Sommer23!"],
    );
    check(
        "<add key=\"ApiSecret\" value=\"3bf07c91d8\" />",
        &["3bf07c91d8"],
    );
    check(
        "- name: REDIS_PASSWORD\n  value: \"r3disPw!x\"",
        &["r3disPw!x"],
    );
    check(
        "variable \"db_password\" { default = \"Rotate1\" }",
        &["Rotate1"],
    );
    check(
        "Server=a;User ID=crm;Password=8hG#2;Encrypt=True",
        &["crm", "8hG#2"],
    );
}

#[test]
fn what_is_no_password_is_left() {
    for text in [
        "docker run -p 8080:80 -u 1000:1000 nginx",
        "cp -u a b && mkdir -p a/b1",
        "ssh -p 2222 host",
        "You don't need to pass `countries=` again.",
        "Pass `--validate` to it.",
        "const password = req.body.password;",
        "field('password', 'Password')",
        "<password>${db.password}</password>",
        "<password>********</password>",
        "the password must hold 8 characters",
        "password \"must have a digit and 8 letters\"",
        "--password <your password>",
        "git commit -u -p",
        "- name: PORT\n  value: \"8080\"",
        "name = \"x\"\ndefault = \"Rotate1\"",
        "psql -U me -p 5432",
    ] {
        check(text, &[]);
    }
}
