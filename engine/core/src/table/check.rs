//! The table as a whole: what no row covers, what several rows claim, what is never reached. Each finding names a case.

use super::grid::Grid;
use super::{Hit, Row, Table};
use crate::diagnostic::{Finding, Findings, Place, codes};

/// Checks a table that could be read.
pub(super) fn check(table: &Table, place: &Place, findings: &mut Findings) {
    let grid = Grid::of(table);
    if table.otherwise.is_none() && table.hit != Hit::Collect {
        gap(&grid, place, findings);
    }
    match table.hit {
        Hit::First => shadowed(table, &grid, findings),
        Hit::Unique => overlaps(table, &grid, findings),
        Hit::Collect => repeated(table, &grid, findings),
    }
    mixed(table, findings);
    if grid.gave_up() {
        let message = "this table is too large to be checked as a whole";
        let finding = Finding::warning(codes::TABLE_SIZE, place, message)
            .because("gaps, overlaps and rows that are never reached may be in it unseen");
        findings.push(finding.cure("split the decision into two tables"));
    }
}

/// Finds values of an output that are of another type than most: who reads the decision expects one.
fn mixed(table: &Table, findings: &mut Findings) {
    for (at, output) in table.outputs.iter().enumerate() {
        let rows = || table.rows.iter().chain(&table.otherwise);
        let said = || rows().filter_map(|row| Some((&row.place, row.then.get(at)?.1.kind()?)));
        let count = |kind| said().filter(|(_, other)| *other == kind).count();
        let Some((_, most)) = said().max_by_key(|(_, kind)| count(*kind)) else { continue };
        let Some((place, other)) = said().find(|(_, kind)| *kind != most) else { continue };
        let message = format!("`{output}` is {} here, and {} in other rows", other.word(), most.word());
        let finding = Finding::warning(codes::TABLE_MIXED, place, message);
        findings.push(
            finding
                .cure("say values of one type; numbers, `true` and `false` are written bare, with a point"),
        );
    }
}

fn gap(grid: &Grid<'_>, place: &Place, findings: &mut Findings) {
    let Some(case) = grid.uncovered() else { return };
    let message = format!("no row holds for {}", grid.told(&case));
    let finding =
        Finding::error(codes::TABLE_GAP, place, message).because("the decision would be an error there");
    findings.push(finding.cure("add a row for it, or `otherwise:` with what is said then"));
}

fn shadowed(table: &Table, grid: &Grid<'_>, findings: &mut Findings) {
    for (number, row) in table.rows.iter().enumerate() {
        let Some(above) = grid.hiding(number) else { continue };
        let same = above.iter().find(|above| table.rows[**above].cells == row.cells);
        match same.map(|above| &table.rows[*above]).filter(|above| above.then != row.then) {
            Some(above) => findings.push(contradiction(above, row)),
            None => {
                let message = format!("row {} is never reached", number + 1);
                let mut finding = Finding::warning(codes::TABLE_SHADOWED, &row.place, message)
                    .because("rows above it hold wherever it does, and the first that holds counts");
                for above in above.iter().take(3) {
                    finding =
                        finding.also(&table.rows[*above].place, format!("row {} comes before", above + 1));
                }
                findings.push(finding.cure("delete it, or move it above them"));
            }
        }
    }
}

fn overlaps(table: &Table, grid: &Grid<'_>, findings: &mut Findings) {
    for (number, row) in table.rows.iter().enumerate() {
        let first = (0..number).find_map(|above| Some((above, grid.both(above, number)?)));
        let Some((above, case)) = first else { continue };
        let other = &table.rows[above];
        if other.cells == row.cells && other.then != row.then {
            findings.push(contradiction(other, row));
            continue;
        }
        let message = format!("rows {} and {} both hold for {}", above + 1, number + 1, grid.told(&case));
        let finding = Finding::error(codes::TABLE_OVERLAP, &row.place, message)
            .because("`hit: unique` allows one row at a time")
            .also(&other.place, format!("row {}", above + 1));
        findings.push(finding.cure("narrow one of them, or write `hit: first`"));
    }
}

/// In a table that collects rows may overlap, but the same question with two answers is a slip.
fn repeated(table: &Table, grid: &Grid<'_>, findings: &mut Findings) {
    for (number, row) in table.rows.iter().enumerate() {
        if !grid.afford(number) {
            return;
        }
        let above =
            table.rows[..number].iter().find(|above| above.cells == row.cells && above.then == row.then);
        if let Some(above) = above {
            let message = format!("row {} says again what a row above says", number + 1);
            let finding = Finding::warning(codes::TABLE_SHADOWED, &row.place, message);
            findings.push(finding.also(&above.place, "here").cure("delete one of them"));
        }
    }
}

fn contradiction(first: &Row, second: &Row) -> Finding {
    Finding::error(
        codes::TABLE_CONTRADICTION,
        &second.place,
        "this row asks what another asks, and answers otherwise",
    )
    .also(&first.place, "the other row")
    .cure("delete one of them, or let them ask different things")
}
