#![allow(clippy::unwrap_used, clippy::panic)]

use std::collections::BTreeMap;

use serde_json::json;

use super::*;
use crate::diagnostic::Findings;
use crate::rules::Facts;
use crate::yaml;

const HEAD: &str = "\
table: How urgent
inputs:
  waiting: { from: age, type: whole }
  label: { from: label, type: text }
  vip: { from: vip, type: truth }
outputs: [level, why]
";

fn load(text: &str, csv: &str) -> (Option<Table>, Vec<String>) {
    let mut findings = Findings::new();
    let tree = yaml::read("rules/t.table.yaml", text, &mut findings).unwrap();
    let files = BTreeMap::from([("rules/rows.csv".to_owned(), csv.to_owned())]);
    let table = read("t", &tree, &files, &Host::new(), &mut findings);
    (table, findings.iter().map(|f| format!("{} {} {}", f.code, f.place, f.message)).collect())
}

fn good(rows: &str, csv: &str) -> Table {
    let (table, findings) = load(&format!("{HEAD}{rows}"), csv);
    assert_eq!(findings, Vec::<String>::new());
    table.unwrap()
}

fn decide(table: &Table, facts: &Json) -> Result<(Json, Vec<usize>), String> {
    let decided = table.decide(&Host::new(), &Facts::from_json(facts))?;
    Ok((decided.verdict.value, decided.rows))
}

fn facts(age: i64, label: &str, vip: bool) -> Json {
    json!({ "age": age, "label": label, "vip": vip })
}

#[test]
fn the_first_row_that_holds_counts() {
    let table = good(
        "rows:\n  - { if: { vip: true, label: [gold, \"any\"] }, then: { level: 9, why: \"{{label}} after {{waiting}} s\" } }\n  \
         - { if: { waiting: 60..120, label: { not: gold } }, then: { level: 5, why: waited } }\n  \
         - { if: { waiting: \"> 120\", label: any }, then: { level: 7, why: waited long } }\n\
         otherwise: { level: 1, why: nothing }\n",
        "",
    );
    let level = |age, label, vip| decide(&table, &facts(age, label, vip)).unwrap();
    assert_eq!(level(5, "gold", true), (json!({ "level": 9, "why": "gold after 5 s" }), vec![0]));
    assert_eq!(level(5, "any", true).1, [0], "a quoted word is a text");
    assert_eq!(level(60, "", true).1, [1]);
    assert_eq!(level(120, "", true).1, [1]);
    assert_eq!(level(120, "gold", false).1, Vec::<usize>::new());
    assert_eq!(level(121, "gold", false).1, [2]);
    let broken = decide(&table, &json!({ "age": "5", "label": "", "vip": true })).unwrap_err();
    assert!(broken.contains("input waiting must be a whole, but is \"5\""), "{broken}");
}

#[test]
fn all_rows_that_hold_are_collected() {
    let table = good(
        "hit: collect\nrows:\n  - { if: { vip: true }, then: { level: 1, why: vip } }\n  - { if: { label: gold }, then: { level: 2, why: gold } }\n",
        "",
    );
    let (value, rows) = decide(&table, &facts(0, "gold", true)).unwrap();
    assert_eq!(value, json!([{ "level": 1, "why": "vip" }, { "level": 2, "why": "gold" }]));
    assert_eq!(rows, [0, 1]);
    assert_eq!(decide(&table, &facts(0, "", false)).unwrap().0, json!([]));
}

#[test]
fn rows_can_stand_in_a_csv_file() {
    let csv =
        "waiting,label,vip,level,why\n>= 60,gold | silver,,3,\"waited, {{label}}\"\n,not gold,true,2,vip\n";
    let table = good("rows: rows.csv\notherwise: { level: 1, why: nothing }\n", csv);
    assert_eq!(
        decide(&table, &facts(60, "silver", false)).unwrap().0,
        json!({ "level": 3, "why": "waited, silver" })
    );
    assert_eq!(decide(&table, &facts(0, "bronze", true)).unwrap().0["level"], 2);
    assert_eq!(decide(&table, &facts(0, "gold", true)).unwrap().0["level"], 1);
    let bad = "waiting,lable,vip,level,why\nx,gold,true,1,a\n1,2\n";
    let (_, found) = load(&format!("{HEAD}rows: rows.csv\notherwise: {{ level: 1, why: a }}\n"), bad);
    assert_eq!(
        found,
        [
            "table::unknown_column rules/rows.csv:1:9 `lable` is neither an input nor an output of the table",
            "table::cell rules/rows.csv:2:1 `x` in column waiting cannot be read",
            "table::csv rules/rows.csv:3:1 this line has 2 cells, the first line names 5",
        ]
    );
}

#[test]
fn what_no_row_covers_is_shown_by_a_case_that_no_row_decides() {
    for (rows, said) in [
        ("[{ if: { vip: true }, then: { level: 1, why: a } }]", "vip = false"),
        (
            "[{ if: { waiting: \"<= 5\" }, then: { level: 1, why: a } }, { if: { waiting: \">= 7\" }, then: { level: 2, why: a } }]",
            "waiting = 6",
        ),
        (
            "[{ if: { label: gold }, then: { level: 1, why: a } }, { if: { label: silver, vip: true }, then: { level: 1, why: b } }, { if: { label: { not: [gold, silver] } }, then: { level: 1, why: c } }]",
            "label = \"silver\", vip = false",
        ),
        ("[{ if: { label: gold }, then: { level: 1, why: a } }]", "label = anything else, such as \"other\""),
    ] {
        let (_, found) = load(&format!("{HEAD}rows: {rows}\n"), "");
        assert!(
            found.len() == 1 && found[0].contains("table::gap") && found[0].contains(said),
            "{said}: {found:?}"
        );
    }
    good(
        "rows: [{ if: { waiting: \"<= 5\" }, then: { level: 1, why: a } }, { if: { waiting: \">= 6\" }, then: { level: 2, why: a } }]\n",
        "",
    );
}

#[test]
fn rows_that_overlap_or_are_never_reached_are_found() {
    let row =
        |cells: &str, level: u8| format!("  - {{ if: {{ {cells} }}, then: {{ level: {level}, why: a }} }}\n");
    let found = |hit: &str, rows: &[String]| {
        load(&format!("{HEAD}hit: {hit}\nrows:\n{}otherwise: {{ level: 1, why: a }}\n", rows.concat()), "").1
    };
    let overlap = found("unique", &[row("waiting: 1..5", 1), row("waiting: 5..9, label: gold", 2)]);
    assert_eq!(
        overlap,
        [
            "table::overlap rules/t.table.yaml:10:7 rows 1 and 2 both hold for waiting = 5, label = \"gold\", vip = true"
        ]
    );
    assert_eq!(found("unique", &[row("waiting: 1..5", 1), row("waiting: 6..9", 2)]), Vec::<String>::new());
    // Two rows together hide a third, which neither does alone.
    let hidden = found("first", &[row("vip: true", 1), row("vip: false", 2), row("label: gold", 3)]);
    assert_eq!(hidden, ["table::shadowed rules/t.table.yaml:11:7 row 3 is never reached"]);
    assert_eq!(found("first", &[row("vip: true", 1), row("label: gold", 3)]), Vec::<String>::new());
    let twice = found("first", &[row("vip: true", 1), row("vip: true", 2)]);
    assert_eq!(
        twice,
        [
            "table::contradiction rules/t.table.yaml:10:7 this row asks what another asks, and answers otherwise"
        ]
    );
}

/// The search against trying every case, over tables made up from a few cells.
#[test]
fn the_search_finds_a_gap_exactly_when_there_is_one() {
    let cells = [
        "",
        "waiting: \"< 2\"",
        "waiting: 2..4",
        "waiting: \"> 4\"",
        "vip: true",
        "vip: false",
        "label: gold",
    ];
    let mut gaps = 0;
    for seed in 0..400_usize {
        let mut state = seed.wrapping_mul(2_654_435_761).wrapping_add(1);
        let mut next = |most: usize| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) % most
        };
        let rows: Vec<String> = (0..next(6) + 1)
            .map(|_| {
                let (a, b) = (cells[next(4)], cells[4 + next(3)]);
                let cell = [a, b].iter().filter(|c| !c.is_empty()).copied().collect::<Vec<_>>();
                format!(
                    "  - {{ if: {{ {} }}, then: {{ level: 1, why: a }} }}\n",
                    cell[..next(cell.len()) + 1].join(", ")
                )
            })
            .collect();
        let (table, found) = load(&format!("{HEAD}rows:\n{}", rows.concat()), "");
        let table = table.unwrap();
        let all =
            (0..7).flat_map(|age| ["gold", "x"].map(|l| [true, false].map(|v| facts(age, l, v)))).flatten();
        let open = all.into_iter().any(|facts| decide(&table, &facts).is_err());
        assert_eq!(found.iter().any(|f| f.starts_with("table::gap")), open, "{rows:?} {found:?}");
        gaps += usize::from(open);
    }
    assert!(gaps > 50 && gaps < 390, "{gaps}");
}

#[test]
fn values_that_are_no_better_than_texts_are_found() {
    let said = |rows: &str, csv: &str| load(&format!("{HEAD}{rows}"), csv).1;
    let row = |then: &str| {
        format!(
            "rows:\n  - {{ if: {{ vip: true }}, then: {{ level: 5, why: a }} }}\n  - {{ if: {{ vip: false }}, then: {then} }}\notherwise: {{ level: 1, why: b }}\n"
        )
    };
    for (rows, csv, wanted) in [
        (row("{ level: five, why: a }"), "", "table::mixed rules/t.table.yaml:9:7 `level` is a text here, and a number in other rows"),
        (row("{ level: 7.5, why: '=waiting * 2' }"), "", "flow::unmarked_expression rules/t.table.yaml:9:52 `=waiting * 2` is said as it stands"),
        ("rows:\n  - { if: { waiting: 17.5 }, then: { level: 5, why: a } }\notherwise: { level: 1, why: b }\n".to_owned(), "", "table::cell rules/t.table.yaml:8:22 this cell of input waiting cannot be read"),
        ("rows: rows.csv\notherwise: { level: 1, why: b }\n".to_owned(), "waiting,label,vip,level,why\n5,,,0 €,a\n6,,,2,a\n", "table::mixed rules/rows.csv:2:1 `level` is a text here, and a number in other rows"),
    ] {
        assert_eq!(said(&rows, csv), [wanted]);
    }
    assert_eq!(said(&row("{ level: 7.5, why: a }"), ""), Vec::<String>::new());
}

#[test]
fn what_would_lose_rows_of_a_csv_file_is_found_at_its_cell() {
    let head = format!("{HEAD}rows: rows.csv\notherwise: {{ level: 1, why: a }}\n");
    for (csv, said) in [
        (
            "waiting,label,vip,level,why\n5,\"gold,true,1,a\n6,,,2,b\n",
            "csv rules/rows.csv:2:3 a quote is opened",
        ),
        (
            "waiting,label,vip,level,why,label\n5,,,1,a,x\n",
            "csv rules/rows.csv:1:29 column `label` stands twice",
        ),
        ("waiting,label,vip,level,why\n", "csv rules/rows.csv:1:1 the file has no rows"),
        ("", "csv rules/rows.csv:1:1 the file has no rows"),
        (
            "sep=;\nwaiting;label;vip;level;why\n5;;;5;a\n",
            "csv rules/rows.csv:1:1 this line names no columns",
        ),
        (
            "waiting,label,vip,why\n5,,,a\n",
            "missing_output rules/rows.csv:1:1 there is no column for the output `level`",
        ),
        (
            "waiting;label;vip;level;why\n5;;;5,00;a\n",
            "cell rules/rows.csv:2:5 `5,00` is a text and no number",
        ),
        (
            "waiting,label,vip,level,why\n5,\"two\n\"\"lines\"\"\",,1,a\n\n6,,maybe,1,a\n",
            "cell rules/rows.csv:5:4 `maybe` in column vip",
        ),
    ] {
        let (_, found) = load(&head, csv);
        assert!(found.len() == 1 && found[0].starts_with(&format!("table::{said}")), "{said}: {found:?}");
    }
    let table = good(
        "rows: rows.csv\notherwise: { level: 1, why: a }\n",
        "waiting\tlabel\tlevel\twhy\n5\tgold\t2\tb\n",
    );
    assert_eq!(decide(&table, &facts(5, "gold", true)).unwrap().0["level"], 2);
    let both = HEAD.replace("outputs: [level", "outputs: [label, level");
    let (_, found) = load(&format!("{both}rows: rows.csv\n"), "waiting,label,vip,level,why\n5,,,1,a\n");
    assert!(
        found.iter().any(|f| f.starts_with("table::unknown_column rules/rows.csv:1:9 `label` is an input")),
        "{found:?}"
    );
}

/// Tables within their limits are checked in time, or it is said that they are not.
#[test]
fn a_large_table_is_checked_in_time() {
    let head = "table: T\ninputs:\n  key: { from: key, type: text }\n  n: { from: n, type: whole }\n\
                outputs: [level, why]\nrows: rows.csv\notherwise: { level: 1, why: a }\n";
    let csv = |rows: usize, wide: bool| {
        let line = |i: usize| match wide {
            true => format!("not k{i},{}.5..{}.5,{i},w\n", i, i + 900),
            false => format!("k{i},{i}..{},{i},w\n", i + 5),
        };
        format!("key,n,level,why\n{}", (0..rows).map(line).collect::<String>())
    };
    let begun = std::time::Instant::now();
    assert_eq!(load(head, &csv(ROWS_MAX, false)).1, Vec::<String>::new());
    let twice = format!("{}k7,7..8,1,w\n", csv(ROWS_MAX - 1, false));
    assert_eq!(load(head, &twice).1, ["table::shadowed rules/rows.csv:2001:1 row 2000 is never reached"]);
    let wide = load(&head.replace("whole", "number"), &csv(ROWS_MAX, true)).1;
    assert!(wide.iter().all(|found| found.contains("too large to be checked")), "{wide:?}");
    let many = load(head, &csv(20_000, false)).1;
    assert_eq!(many, ["table::size rules/rows.csv:2002:1 a table has at most 2000 rows"]);
    assert!(begun.elapsed().as_secs() < 30, "{:?}", begun.elapsed());
}
