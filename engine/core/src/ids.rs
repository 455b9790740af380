//! Fresh ids, derived from the input: the same step makes the same ids, on every machine and in every replay.

use uuid::Uuid;

/// Root of all derived ids.
const NAMESPACE: Uuid = Uuid::from_u128(0x6f1c_50a3_77d4_4c1b_9b5e_2a0d_93c8_41e7);

/// A source of ids for one step.
#[derive(Debug, Clone)]
pub struct Ids {
    seed: Uuid,
    next: u32,
}

impl Ids {
    /// Ids of the step of `owner` (a conversation id, `routing`, …) that takes the input `input_id`.
    #[must_use]
    pub fn of(owner: &str, input_id: &str) -> Self {
        let seed = Uuid::new_v5(&Uuid::new_v5(&NAMESPACE, owner.as_bytes()), input_id.as_bytes());
        Self { seed, next: 0 }
    }

    /// The next id.
    pub fn fresh(&mut self) -> String {
        self.next += 1;
        Uuid::new_v5(&self.seed, &self.next.to_be_bytes()).to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::Ids;

    #[test]
    fn the_same_input_gives_the_same_ids_and_another_gives_others() {
        let ids = |owner, input| {
            let mut ids = Ids::of(owner, input);
            [ids.fresh(), ids.fresh()]
        };
        assert_eq!(ids("a", "m1"), ids("a", "m1"));
        assert_ne!(ids("a", "m1")[0], ids("a", "m1")[1]);
        assert_ne!(ids("a", "m1")[0], ids("a", "m2")[0]);
        assert_ne!(ids("a", "m1")[0], ids("b", "m1")[0]);
    }
}
