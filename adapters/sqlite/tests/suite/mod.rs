//! What every store promises, as tests that run against each of them.
//!
//! A store gives a [`Fixture`] and calls [`promises!`]; adding a promise to that list adds it to all stores.

#![allow(clippy::unwrap_used, clippy::panic, unreachable_pub, missing_docs)]

pub mod commit;
pub mod directory;
pub mod leases;
pub mod make;
pub mod rates;
pub mod reads;
pub mod reports;

use std::future::Future;
use std::panic::AssertUnwindSafe;

use convene_runtime::ports::store::Store;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;

/// A store of its own for one test.
pub trait Fixture: Sized + Send + Sync + 'static {
    type S: Store;
    /// A fresh store with its schema; `None` when this machine has no server for it.
    fn fresh() -> impl Future<Output = Option<Self>> + Send;
    fn store(&self) -> &Self::S;
    /// First column of a statement, as text, straight from the database.
    fn column(&self, sql: &'static str) -> impl Future<Output = Vec<String>> + Send;
    /// Puts the store away, also after a failed test.
    fn done(self) -> impl Future<Output = ()> + Send;
}

/// Runs one promise against a fresh store.
pub async fn check<F: Fixture>(promise: impl for<'a> FnOnce(&'a F) -> BoxFuture<'a, ()>) {
    let Some(fixture) = F::fresh().await else {
        eprintln!("skipped: no server for this store (DATABASE_URL is not set)");
        return;
    };
    let outcome = AssertUnwindSafe(promise(&fixture)).catch_unwind().await;
    fixture.done().await;
    if let Err(panic) = outcome {
        std::panic::resume_unwind(panic);
    }
}

/// One test for each promise.
macro_rules! promises {
    ($fixture:ty) => {
        $crate::suite::promises! { $fixture;
            commit::a_batch_comes_back_byte_for_byte,
            commit::an_input_is_taken_once,
            commit::a_state_has_one_next_version,
            commit::a_state_is_born_once,
            commit::a_state_stepped_twice_in_a_batch_moves_twice,
            commit::routing_steps_once,
            commit::of_two_committers_one_wins,
            commit::a_refused_batch_leaves_nothing,
            commit::a_lost_lease_fences,
            commit::a_poison_input_is_buried_and_seen,
            commit::how_a_command_went_comes_back,
            commit::a_nul_in_an_identifier_is_harmless,
            commit::old_inputs_are_forgotten,
            directory::an_unknown_sender_has_no_candidates,
            directory::a_known_sender_comes_with_the_room,
            directory::two_owners_of_an_identifier_come_oldest_first_without_a_room,
            directory::an_identifier_that_is_given_up_belongs_to_whoever_is_left,
            directory::a_room_has_one_live_conversation,
            directory::a_session_belongs_to_one_conversation,
            directory::a_conversation_may_begin_and_end_in_one_batch,
            directory::a_customer_has_one_room,
            directory::a_conversation_needs_its_room,
            leases::all_partitions_are_leased_and_given_back,
            leases::a_store_that_can_write_is_ready,
            leases::migrating_again_changes_nothing,
            reads::undone_work_is_found_in_order,
            reads::what_an_older_release_left_to_publish_is_found,
            reads::due_timers_come_earliest_first,
            reads::the_journal_is_read_in_pages,
            reads::erased_content_leaves_the_skeleton,
            reads::conversations_are_found_by_what_people_know,
            reads::a_deployment_is_kept_once,
            reports::a_row_written_again_is_replaced,
            reports::strange_values_are_cut_to_fit,
            reports::every_table_takes_its_row,
        }
    };
    ($fixture:ty; $($module:ident::$promise:ident,)*) => {
        $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $promise() {
                suite::check::<$fixture>(|fixture| Box::pin(suite::$module::$promise(fixture))).await;
            }
        )*
        /// Prints how many commits a second this machine makes: `cargo test … -- --ignored --nocapture rates`.
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        #[ignore = "a measurement"]
        async fn rates() {
            suite::check::<$fixture>(|fixture| Box::pin(suite::rates::print(fixture))).await;
        }
    };
}
pub(crate) use promises;
