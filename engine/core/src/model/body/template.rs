//! Message templates that a provider fills in.

use crate::model::Json;
use crate::model::wire::object::wire;

wire! {
    /// `TEMPLATE`: an approved text of the provider with its parameters.
    pub struct TemplateBody {
        /// Text that goes with it.
        "markdownText" => markdown_text: Option<String>,
        /// The provider's name space.
        "namespace" required => namespace: Option<String>,
        /// Name of the template.
        "name" required => name: Option<String>,
        /// Its language.
        "language" => language: Option<TemplateLanguage>,
        /// Its parts.
        "components" => components: Vec<TemplateComponent>,
    }
}

wire! {
    /// The language of a template.
    pub struct TemplateLanguage {
        /// Language code.
        "code" required => code: Option<String>,
        /// How the provider chooses among languages.
        "policy" required => policy: Option<String>,
    }
}

wire! {
    /// A part of a template.
    pub struct TemplateComponent {
        /// `header`, `body` or `button`.
        "type" => kind: Option<String>,
        /// What the channel adds.
        "additionalComponentDetails" => additional_component_details: Option<Json>,
        /// What is filled in, in order.
        "parameters" => parameters: Vec<TemplateParameter>,
    }
}

wire! {
    /// A value that is filled into a template.
    pub struct TemplateParameter {
        /// `text`, `currency`, `date_time`, `image`, `document`, `video` or `payload`.
        "parameterType" => parameter_type: Option<String>,
        /// The value.
        "additionalParameterDetails" => additional_parameter_details: Option<Json>,
    }
}
