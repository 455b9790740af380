//! The one place a rule engine is made, and the only way to run a rule.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use rhai::module_resolvers::DummyModuleResolver;
use rhai::packages::{
    ArithmeticPackage, BasicArrayPackage, BasicIteratorPackage, BasicMapPackage, BasicStringPackage,
    LogicPackage, MoreStringPackage, Package,
};
use rhai::{AST, CallFnOptions, Dynamic, Engine, OptimizationLevel, Scope};

use super::error::{RuleError, RuleErrorKind};
use super::facts::FactSource;
use super::source::{Expression, RuleFile, RuleFunction};
use super::{Json, capture, convert, functions, limits, optional, probes, suite, weight};
use crate::coverage::Recorder;

/// Words that do not parse in a rule. Most have nothing behind them here anyway; refusing them when the
/// file is loaded tells the analyst at once. `**` differs in the last bit between platforms; `curry` would
/// let a function grow without any size being checked, and a closure that reads the variable says the same.
const REFUSED_WORDS: &[&str] = &["eval", "import", "export", "print", "debug", "curry", "**", "**="];

/// Compiles and runs rules under the bounds of [`super::limits`]. Make one, share it in an `Arc`.
///
/// It holds no state between runs: what a script does to itself, the next one does not see.
#[derive(Debug)]
pub struct Host {
    rules: Engine,
    // Facts of an expression are known only when it runs, so here a missing name is found then and not by
    // the parser.
    expressions: Engine,
    /// Counts the lines of rules that are run; only tools have one.
    recorder: Option<Arc<Recorder>>,
}

/// What a rule decided.
#[derive(Debug, Clone, PartialEq)]
pub struct Verdict {
    /// The whole value it returned.
    pub value: Json,
    /// The `why` of a returned map, for the journal. It also stays in `value`.
    pub why: Option<String>,
}

impl Default for Host {
    fn default() -> Self {
        Host::new()
    }
}

impl Host {
    /// A host that runs what is written: no optimizer.
    ///
    /// Rules are short and run once per decision, so folding constants gains nothing measurable; and the
    /// optimizer has removed statements before (`design.md` section 9), which no gain would be worth.
    pub fn new() -> Self {
        Host::with_optimization(OptimizationLevel::None)
    }

    /// A host at another optimizer level, for a test that compares what the shipped rules decide at each.
    pub fn with_optimization(level: OptimizationLevel) -> Self {
        Host { rules: hardened(level, true), expressions: hardened(level, false), recorder: None }
    }

    /// A host that counts which lines of the rules are run.
    pub fn recording(recorder: Arc<Recorder>) -> Self {
        let mut host = Host::new();
        host.record(Some(recorder));
        host
    }

    /// Counts from now on.
    pub(crate) fn record(&mut self, recorder: Option<Arc<Recorder>>) {
        if let Some(recorder) = &recorder {
            let recorder = recorder.clone();
            self.rules.register_fn(probes::PROBE, move |probe: i64| {
                recorder.hit(usize::try_from(probe).unwrap_or(usize::MAX));
            });
        }
        self.recorder = recorder;
    }

    /// A host for tests of rules, which may use the assertions and builders of [`super::suite`].
    pub fn for_tests(blank_facts: Json, unknown: suite::UnknownFact) -> Self {
        let mut host = Host::new();
        suite::register(&mut host.rules, blank_facts, unknown);
        host
    }

    /// Compiles a file of tests together with the rules it tests, whose functions it may call.
    ///
    /// # Errors
    /// As [`Host::rules`]; also when a test has the name of a rule.
    pub fn tests(&self, file: &str, source: &str, of: &RuleFile) -> Result<RuleFile, RuleError> {
        let tests = self.rules(file, source)?;
        let both = tests.functions_ref().iter().find(|t| of.functions_ref().iter().any(|r| r.name == t.name));
        if let Some(both) = both {
            let message = format!("`{}` is a rule of {}; a test needs another name", both.name, of.file());
            let error = RuleError { line: Some(both.line), ..RuleError::new(RuleErrorKind::Parse, message) };
            return Err(error.in_file(Some(file)));
        }
        Ok(tests.with(of))
    }

    /// Compiles a single expression: no statements, no assignments.
    ///
    /// # Errors
    /// `Parse` or `Limit`, with line and column inside `source`.
    pub fn expression(&self, source: &str) -> Result<Expression, RuleError> {
        within_source(source)?;
        let (text, shifts) = optional::rewrite(source)?;
        let compile = || self.expressions.compile_expression(text);
        let compiled = unwound(compile)?.map_err(|e| RuleError::from_parse(&e, None));
        let checked = compiled.and_then(|ast| Ok((capture::captured(&ast)?, ast)));
        let (captured, ast) = checked.map_err(|e| shifts.restore(e))?;
        Ok(Expression::new(source, ast, captured, shifts))
    }

    /// Compiles a file of rule functions. `file` is how errors name it.
    ///
    /// # Errors
    /// `Parse` or `Limit`, with line and column; `Parse` also for a statement outside every function.
    pub fn rules(&self, file: &str, source: &str) -> Result<RuleFile, RuleError> {
        self.compile_rules(file, source).map_err(|e| e.in_file(Some(file)))
    }

    fn compile_rules(&self, file: &str, source: &str) -> Result<RuleFile, RuleError> {
        within_source(source)?;
        let (text, shifts) = optional::rewrite(source)?;
        let compiled =
            unwound(|| self.rules.compile(text))?.map_err(|e| RuleError::from_parse(&e, Some(file)));
        let checked = compiled.and_then(|ast| {
            functions_only(&ast)?;
            Ok((capture::captured(&ast)?, ast))
        });
        let (captured, ast) = checked.map_err(|e| shifts.restore(e))?;
        let plain = RuleFile::new(file, source, ast, captured, shifts);
        Ok(match self.recorder.as_ref().and_then(|recorder| self.probed(recorder, file, source, &plain)) {
            Some(ast) => plain.run_as(ast),
            None => plain,
        })
    }

    /// The file with probes that count.
    fn probed(&self, recorder: &Recorder, file: &str, source: &str, plain: &RuleFile) -> Option<AST> {
        let (text, _) = optional::rewrite(source).ok()?;
        let compile = |text: &str| unwound(|| self.rules.compile(text)).ok()?.ok();
        let plan = probes::plan(&text, &plain.ast, &|text| compile(text).is_some());
        let first = recorder.learn(file, source, plan.probes.clone())?;
        compile(&plan.written(&text, first))
    }

    /// The value of an expression over some facts.
    ///
    /// # Errors
    /// Every kind but `Arguments`; a name that is not among the facts is `NotFound`.
    pub fn eval(&self, expression: &Expression, facts: &dyn FactSource) -> Result<Json, RuleError> {
        convert::to_json(&self.value(expression, facts)?)
    }

    /// Whether an expression holds.
    ///
    /// # Errors
    /// As [`Host::eval`], and `Type` when the value is neither `true` nor `false`: `0`, `""` and `()` are
    /// mistakes here, not answers.
    pub fn truth(&self, expression: &Expression, facts: &dyn FactSource) -> Result<bool, RuleError> {
        let value = self.value(expression, facts)?;
        value.as_bool().map_err(|_| {
            let message = format!("`{}` must be true or false, but is {}", expression.source, shown(&value));
            RuleError::new(RuleErrorKind::Type, message)
        })
    }

    /// Calls a rule with its facts as its one argument. A function without parameters, such as a test, gets
    /// none.
    ///
    /// # Errors
    /// `NotFound` when the file has no such function, `Arguments` when it takes more than one parameter,
    /// and whatever the rule itself ends with; then the error carries the call stack.
    pub fn call(
        &self,
        file: &RuleFile,
        function: &str,
        facts: &dyn FactSource,
    ) -> Result<Verdict, RuleError> {
        let rule = self.find(file, function).map_err(|e| e.in_file(Some(file.file())))?;
        let arguments = if rule.params.is_empty() { Vec::new() } else { vec![rule.needs.argument(facts)] };
        let options = CallFnOptions::new().eval_ast(false);
        let run = || {
            self.rules.call_fn_with_options::<Dynamic>(
                options,
                &mut Scope::new(),
                &file.ast,
                function,
                arguments,
            )
        };
        let ran = unwound(|| capture::with(&file.captured, run));
        let value =
            ran.and_then(|done| done.map_err(|e| file.shifts.restore(RuleError::from_rule(*e, file, rule))));
        let value =
            value.and_then(|value| convert::to_json(&value)).map_err(|error| blame(error, file, rule))?;
        let why = value.get("why").and_then(Json::as_str).map(str::to_owned);
        Ok(Verdict { value, why })
    }

    fn find<'f>(&self, file: &'f RuleFile, function: &str) -> Result<&'f RuleFunction, RuleError> {
        let named: Vec<_> = file.functions_ref().iter().filter(|f| f.name == function).collect();
        if let Some(rule) = named.iter().find(|f| f.params.len() <= 1) {
            return Ok(rule);
        }
        if let Some(rule) = named.first() {
            let message =
                format!("`{function}` takes {} parameters; a rule takes one, its facts", rule.params.len());
            return Err(RuleError {
                line: Some(rule.line),
                ..RuleError::new(RuleErrorKind::Arguments, message)
            });
        }
        let known: Vec<_> = file.functions_ref().iter().map(|f| f.name.as_str()).collect();
        let message = format!("there is no rule `{function}`; the file has: {}", known.join(", "));
        Err(RuleError::new(RuleErrorKind::NotFound, message))
    }

    fn value(&self, expression: &Expression, facts: &dyn FactSource) -> Result<Dynamic, RuleError> {
        let mut scope = Scope::new();
        for (name, value) in expression.needs.of(facts) {
            scope.push_constant_dynamic(name, value);
        }
        let run = || self.expressions.eval_ast_with_scope::<Dynamic>(&mut scope, &expression.ast);
        unwound(|| capture::with(&expression.captured, run))?
            .map_err(|e| expression.shifts.restore(RuleError::from_expression(*e)))
    }
}

/// An engine with every bound set and nothing in it that is not pure.
fn hardened(level: OptimizationLevel, strict: bool) -> Engine {
    let mut engine = Engine::new_raw();
    ArithmeticPackage::new().register_into_engine(&mut engine);
    LogicPackage::new().register_into_engine(&mut engine);
    BasicStringPackage::new().register_into_engine(&mut engine);
    MoreStringPackage::new().register_into_engine(&mut engine);
    BasicIteratorPackage::new().register_into_engine(&mut engine);
    BasicArrayPackage::new().register_into_engine(&mut engine);
    BasicMapPackage::new().register_into_engine(&mut engine);
    functions::register(&mut engine);
    capture::install(&mut engine);
    weight::install(&mut engine);
    for word in REFUSED_WORDS {
        engine.disable_symbol(*word);
    }
    engine
        .set_module_resolver(DummyModuleResolver::new())
        .set_optimization_level(level)
        .set_strict_variables(strict)
        .set_fail_on_invalid_map_property(true)
        // Built-in operators answer `false` for `() > 3`; ours, which refuse, are only asked with this off.
        .set_fast_operators(false)
        .set_max_operations(limits::RULE_OPERATIONS_MAX)
        .set_max_call_levels(limits::RULE_CALL_LEVELS_MAX)
        .set_max_expr_depths(limits::RULE_EXPRESSION_DEPTH_MAX, limits::RULE_EXPRESSION_DEPTH_MAX)
        .set_max_string_size(limits::RULE_STRING_BYTES_MAX)
        .set_max_array_size(limits::RULE_ARRAY_ELEMENTS_MAX)
        .set_max_map_size(limits::RULE_MAP_ENTRIES_MAX)
        .set_max_functions(limits::RULE_FUNCTIONS_MAX)
        .set_max_variables(limits::RULE_VARIABLES_MAX)
        .set_max_modules(limits::RULE_MODULES_MAX);
    engine
}

/// Runs something of Rhai's under the count of operations, and turns a panic of its into an error: a defect
/// there must not take a partition down.
fn unwound<T>(run: impl FnOnce() -> T) -> Result<T, RuleError> {
    // Nothing of ours is left half changed: the engine is read only, scope and arguments die with the call.
    catch_unwind(AssertUnwindSafe(|| weight::counted(run))).map_err(|cause| {
        let cause =
            cause.downcast_ref::<String>().map(String::as_str).or(cause.downcast_ref::<&str>().copied());
        let message = format!("the rule engine failed: {}", cause.unwrap_or("no cause given"));
        RuleError::new(RuleErrorKind::Run, message)
    })
}

/// Refuses statements outside functions: a rule file is loaded, never run.
fn functions_only(ast: &AST) -> Result<(), RuleError> {
    let Some(statement) = ast.statements().first() else { return Ok(()) };
    let message = "only functions may stand at the top of a rule file";
    Err(RuleError::new(RuleErrorKind::Parse, message).at(statement.position()))
}

/// Gives an error without a place, as one about the returned value, that of the rule.
fn blame(mut error: RuleError, file: &RuleFile, rule: &RuleFunction) -> RuleError {
    error.line = error.line.or(Some(rule.line));
    if error.stack.is_empty() {
        error.stack.push(format!("{} ({}:{})", rule.name, file.file(), rule.line));
    }
    error.in_file(Some(file.file()))
}

fn within_source(source: &str) -> Result<(), RuleError> {
    if source.len() <= limits::RULE_SOURCE_BYTES_MAX {
        return Ok(());
    }
    let message = format!("the source is longer than {} bytes", limits::RULE_SOURCE_BYTES_MAX);
    Err(RuleError::new(RuleErrorKind::Limit, message))
}

/// A value for an error message: type and the first characters.
fn shown(value: &Dynamic) -> String {
    const CHARACTERS: usize = 60;
    let text = convert::to_json(value).map_or_else(|_| String::new(), |json| json.to_string());
    let short: String = text.chars().take(CHARACTERS).collect();
    let more = if short.len() < text.len() { "…" } else { "" };
    format!("{short}{more} ({})", convert::type_of(value))
}
