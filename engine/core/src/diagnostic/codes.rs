//! Every code a finding can carry. A code is stable once released: scripts and people search for it.

/// Declares the constants and the table from one list, so that no code can be missing from the table.
macro_rules! codes {
    ($($name:ident = $code:literal, $meaning:literal;)*) => {
        $(#[doc = $meaning] pub const $name: &str = $code;)*

        /// Code and one-sentence meaning, in the order a file is read.
        pub const ALL: &[(&str, &str)] = &[$(($code, $meaning)),*];
    };
}

codes! {
    // The text of a YAML file.
    NOT_UTF8 = "yaml::not_utf8", "The file is not UTF-8 text.";
    TOO_LARGE = "yaml::too_large", "The file is larger than a deployment file may be.";
    CONTROL_CHARACTER = "yaml::control_character", "The file holds a character that no text editor writes.";
    TAB = "yaml::tab", "A line is indented with a tab; YAML indents with spaces.";
    SYNTAX = "yaml::syntax", "The text is not YAML.";
    EMPTY = "yaml::empty", "The file says nothing.";
    TOO_DEEP = "yaml::too_deep", "Lists and maps are nested too deeply.";
    TOO_MANY_NODES = "yaml::too_many_nodes", "The file holds too many values.";
    SEVERAL_DOCUMENTS = "yaml::several_documents", "The file holds more than one YAML document.";
    ANCHOR = "yaml::anchor", "Anchors and aliases are not part of the language.";
    TAG = "yaml::tag", "Tags are not part of the language.";
    MERGE_KEY = "yaml::merge_key", "The merge key `<<` is not part of the language.";
    CUT_OFF = "yaml::cut_off", "A text ends where a `#` begins a comment.";
    COMPLEX_KEY = "yaml::complex_key", "A key must be a plain name, not a list or a map.";
    DUPLICATE_KEY = "yaml::duplicate_key", "A key is written twice in one map.";

    // The shape of its values.
    WRONG_TYPE = "yaml::wrong_type", "A value is of another kind than its key asks for.";
    UNKNOWN_KEY = "yaml::unknown_key", "A key means nothing here.";
    MISSING_KEY = "yaml::missing_key", "A required key is not there.";
    OUT_OF_RANGE = "yaml::out_of_range", "A number, text or list is outside its limits.";
    NOT_ONE_OF = "yaml::not_one_of", "A value is not one of the words allowed here.";
    BAD_DURATION = "yaml::bad_duration", "A duration cannot be read; it is numbers with units, such as `1m30s`.";
    BAD_NAME = "yaml::bad_name", "A name has characters that names may not have.";

    // Flows.
    DUPLICATE_FLOW = "flow::duplicate_flow", "Two files define a flow of the same name.";
    NO_VERB = "flow::no_verb", "A node says nothing to do.";
    TWO_VERBS = "flow::two_verbs", "A node says two things to do.";
    RESERVED_NAME = "flow::reserved_name", "A node or a slot has a name that means something else.";
    UNKNOWN_NODE = "flow::unknown_node", "A way leads to a node that is not in this flow.";
    UNKNOWN_EVENT = "flow::unknown_event", "An event name is not in the event table.";
    DUPLICATE_HANDLER = "flow::duplicate_handler", "One event is handled twice.";
    UNKNOWN_FLOW = "flow::unknown_flow", "A flow is named that no file defines.";
    NO_START = "flow::no_start", "A flow is called that has no `start`.";
    WRONG_KIND = "flow::wrong_kind", "A flow of the other kind is called or played.";
    CALL_CYCLE = "flow::call_cycle", "Flows call each other in a circle.";
    UNKNOWN_RULE_FILE = "flow::unknown_rule_file", "A `decide` names a file that is not in `rules/`.";
    UNKNOWN_RULE = "flow::unknown_rule", "A `decide` names a function that its file does not define.";
    RULE_PARAMETERS = "flow::rule_parameters", "A `decide` names a function that does not take the facts alone.";
    BAD_EXPRESSION = "flow::bad_expression", "An expression cannot be compiled.";
    OPEN_TEMPLATE = "flow::open_template", "A `{{` in a text has no `}}`.";
    UNMARKED_EXPRESSION = "flow::unmarked_expression", "A text looks like an expression, and is said as it stands.";
    EMPTY_TEXT = "flow::empty_text", "A message to the customer is empty.";
    OTHERWISE_NOT_LAST = "flow::otherwise_not_last", "Arms of a `choose` stand behind its `otherwise`.";
    NO_DEADLINE = "flow::no_deadline", "A wait or a question has no deadline.";
    TOO_MANY_DATA = "flow::too_many_data", "More conversation data is set than a conversation can hold.";
    TOO_MANY_EXPRESSIONS = "flow::too_many_expressions", "A flow has more expressions than are compiled.";
    UNREACHABLE_NODE = "flow::unreachable_node", "No way leads to a node.";
    NEVER_ENTERED = "flow::never_entered", "A flow has neither an event nor a start.";
    UNKNOWN_FACT = "flow::unknown_fact", "An expression or rule reads a name that no fact and no slot has.";
    UNKNOWN_FUNCTION = "rule::unknown_function", "An expression or rule calls a function that does not exist.";
    WRONG_ARGUMENTS = "rule::wrong_arguments", "A rule calls a function with more or fewer arguments than it takes.";
    UNKNOWN_ACTION = "flow::unknown_action", "A `perform` names an action that does not exist.";
    UNKNOWN_PARTICIPANT = "flow::unknown_participant", "A `change_role` names somebody who is neither `bot`, an agent nor a bot.";
    UNKNOWN_REMINDER = "flow::unknown_reminder", "A reminder is removed that no flow sets.";
    UNKNOWN_BODY = "flow::unknown_body", "A message has a type of body that does not exist.";
    TYPE_MISMATCH = "flow::type_mismatch", "An operator or a parameter gets a value it cannot work with, or two are compared that are never equal.";
    IMPOSSIBLE_VALUE = "flow::impossible_value", "A text is compared with a word it never says.";
    NOT_A_CONDITION = "flow::not_a_condition", "A condition is a text, a number, a list or a map.";
    CONSTANT_CONDITION = "flow::constant_condition", "A condition reads no fact, so it always says the same.";
    MAYBE_UNSET = "flow::maybe_unset", "A slot is read that nothing has set on at least one way.";
    MAYBE_MISSING = "flow::maybe_missing", "A value is read that may not be there.";
    REPEATED_ARM = "flow::repeated_arm", "An arm asks what an arm above it asks, so it is never taken.";
    NO_OTHERWISE = "flow::no_otherwise", "A `choose` does not say what follows when no arm holds.";
    NO_ERROR_PATH = "flow::no_error_path", "An error in a flow leads nowhere.";
    IDLE_ENTRY = "flow::idle_entry", "An event is handled that cannot occur in this deployment.";
    UNHANDLED_EVENT = "flow::unhandled_event", "An event occurs in this deployment that no flow handles.";
    HANDOFF_LOOP = "flow::handoff_loop", "When nobody is found, somebody is looked for again at once.";
    ENDLESS = "flow::endless", "A circle of nodes has no way out and never waits.";

    // Names of the contact centre, wherever they are used.
    UNKNOWN_MEDIA = "centre::unknown_media", "A medium is named that the centre does not define.";
    UNKNOWN_ATTRIBUTE = "centre::unknown_attribute", "A routing attribute is named that the centre does not define.";
    UNKNOWN_QUEUE = "centre::unknown_queue", "A queue is named that the centre does not define.";
    UNKNOWN_LIST = "centre::unknown_list", "A list is named that the centre does not define.";
    UNKNOWN_CHANNEL_TYPE = "centre::unknown_channel_type", "A channel type is named that the centre does not define.";
    UNKNOWN_CHANNEL = "centre::unknown_channel", "A scenario names a channel that the centre does not define.";
    UNKNOWN_LABEL = "centre::unknown_label", "A scenario names a customer label that looks like one of the centre's.";
    UNKNOWN_BOT = "centre::unknown_bot", "A bot is named that the centre does not define.";
    UNKNOWN_AGENT = "centre::unknown_agent", "An agent is named that the centre does not define.";
    UNKNOWN_CALENDAR = "centre::unknown_calendar", "A calendar is named that the centre does not define.";
    UNKNOWN_IDENTIFIER = "centre::unknown_identifier", "A customer attribute is named that the centre does not define.";
    DUPLICATE_ADDRESS = "centre::duplicate_address", "Two channels have the same service identifier.";
    DUPLICATE_OUTBOUND = "centre::duplicate_outbound", "Two channels of a type are the default for outbound contact.";
    MEDIA_MISMATCH = "centre::media_mismatch", "A channel and its queue belong to different media.";
    ROUTING_OBJECT = "centre::routing_object", "A channel names a queue or list that does not fit its routing.";
    CAPACITY = "centre::capacity", "An agent may have more tasks than the medium allows.";
    SHORT_REQUEST = "centre::short_request", "A request ends before its first offer has rung out.";
    BOT_ADDRESS = "centre::bot_address", "A bot's address is missing, does not fit its kind, or is not a plain http address.";
    BOT_PROMPT = "centre::bot_prompt", "The prompt file of an LLM bot is not there, or is empty.";
    PRIVATE_BOT = "centre::private_bot", "A bot's address is private, and nothing allows it.";
    STEP_EXPRESSION = "centre::step_expression", "The agents of a queue step cannot be read.";
    MIXED_STEP = "centre::mixed_step", "A queue step mixes AND and OR without brackets.";
    NOBODY_QUALIFIES = "centre::nobody_qualifies", "No agent of the centre satisfies a queue step.";
    LOOK_ALIKE = "centre::look_alike", "Two names differ only by characters that look the same.";
    LONG_TEXT = "centre::long_text", "A text is longer than a channel type carries.";
    THRESHOLDS = "centre::thresholds", "Thresholds do not rise strictly from 0 to 100 percent.";

    // Rules and the deployment as a whole.
    UNKNOWN_TABLE = "table::unknown_table", "A `decide` names a table that is not in `rules/`.";
    TABLE_CELL = "table::cell", "A cell of a table cannot be read, or names a value its input never has.";
    TABLE_COLUMN = "table::unknown_column", "A row of a table names an input or output the table does not have.";
    TABLE_OUTPUT = "table::missing_output", "A row of a table does not say every output.";
    TABLE_GAP = "table::gap", "There is a case in which no row of a table holds.";
    TABLE_MIXED = "table::mixed", "An output says values of different types.";
    TABLE_OVERLAP = "table::overlap", "Two rows hold for the same case, and the table allows one.";
    TABLE_CONTRADICTION = "table::contradiction", "Two rows ask the same and answer differently.";
    TABLE_SHADOWED = "table::shadowed", "A row is never reached, because rows above it hold wherever it does.";
    TABLE_SIZE = "table::size", "A table has more rows or inputs than can be loaded, or than can be checked.";
    TABLE_CSV = "table::csv", "The CSV file of a table is missing, has no rows, or cannot be read.";
    RULE_SYNTAX = "rule::syntax", "A rule file cannot be compiled.";
    NEVER_RUN = "rule::never_run", "A function beside the tests is no test, and nothing calls it.";
    NO_CENTRE = "deployment::no_centre", "The deployment has no `flows/centre.yaml`.";
    IGNORED_FILE = "deployment::ignored_file", "A file stands where flows or rules are read, but its name ends otherwise.";
    TOO_MANY_FILES = "deployment::too_many_files", "The deployment holds more files than can be loaded.";

    // Messages in files.
    MESSAGE_MALFORMED = "message::malformed", "The text is not JSON.";
    MESSAGE_TOO_LARGE = "message::too_large", "A message is larger than any that is read.";
    MESSAGE_TOO_DEEP = "message::too_deep", "Lists and objects of a message are nested too deeply.";
    MESSAGE_DUPLICATE_KEY = "message::duplicate_key", "A key is written twice in one object of a message.";
    NOT_AN_OBJECT = "message::not_an_object", "A message is no object.";
    WRONG_FIELD = "message::wrong_field", "A field of a message has the wrong type.";
    MISSING_FIELD = "message::missing_field", "A field of a message is missing that the engine needs.";
    INVALID_BODY = "message::invalid_body", "The body of a message lacks what its type needs.";
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::ALL;

    #[test]
    fn every_code_is_declared_once_and_explained() {
        let codes: BTreeSet<_> = ALL.iter().map(|(code, _)| code).collect();
        assert_eq!(codes.len(), ALL.len(), "a code is declared twice");
        for (code, meaning) in ALL {
            assert!(code.contains("::") && meaning.ends_with('.'), "{code}: {meaning}");
        }
    }
}
