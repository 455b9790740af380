//! Receipts. Amounts pass through as they are: we never compute with them.

use crate::model::wire::object::wire;
use crate::model::{Json, Timestamp};

wire! {
    /// `RECEIPT`: what was bought.
    pub struct ReceiptBody {
        /// Text that goes with it.
        "markdownText" => markdown_text: Option<String>,
        /// The provider's name of the layout.
        "templateType" => template_type: Option<String>,
        /// Whether it may be shared.
        "sharable" => sharable: Option<bool>,
        /// Who bought.
        "recipientName" => recipient_name: Option<String>,
        /// Who sold.
        "merchantName" => merchant_name: Option<String>,
        /// Number of the order.
        "orderNumber" => order_number: Option<String>,
        /// Currency code.
        "currency" => currency: Option<String>,
        /// How it was paid. The wire spells it so.
        "paymentMethode" => payment_methode: Option<String>,
        /// When it was bought.
        "timestamp" => timestamp: Option<Timestamp>,
        /// What was bought.
        "elements" => elements: Vec<ReceiptElement>,
        /// Where it goes.
        "address" => address: Option<ReceiptAddress>,
        /// The sums.
        "summary" => summary: Option<ReceiptSummary>,
        /// Discounts and the like.
        "adjustments" => adjustments: Vec<ReceiptAdjustment>,
    }
}

wire! {
    /// One thing that was bought.
    pub struct ReceiptElement {
        /// What it is.
        "title" => title: Option<String>,
        /// More about it.
        "subtitle" => subtitle: Option<String>,
        /// How many.
        "quantity" => quantity: Option<Json>,
        /// What it costs.
        "price" => price: Option<Json>,
        /// Currency code.
        "currency" => currency: Option<String>,
        /// Where to fetch its picture.
        "imageUrl" => image_url: Option<String>,
    }
}

wire! {
    /// Where it goes.
    pub struct ReceiptAddress {
        /// Street.
        "street1" => street1: Option<String>,
        /// Street, second line.
        "street2" => street2: Option<String>,
        /// City.
        "city" => city: Option<String>,
        /// Postal code.
        "postalCode" => postal_code: Option<String>,
        /// State.
        "state" => state: Option<String>,
        /// Country.
        "country" => country: Option<String>,
    }
}

wire! {
    /// The sums.
    pub struct ReceiptSummary {
        /// Before shipping and tax.
        "subtotal" => subtotal: Option<Json>,
        /// Shipping.
        "shippingCost" => shipping_cost: Option<Json>,
        /// Tax.
        "totalTax" => total_tax: Option<Json>,
        /// What was paid.
        "totalCost" => total_cost: Option<Json>,
    }
}

wire! {
    /// A discount or the like.
    pub struct ReceiptAdjustment {
        /// What it is.
        "name" => name: Option<String>,
        /// How much.
        "amount" => amount: Option<Json>,
    }
}
