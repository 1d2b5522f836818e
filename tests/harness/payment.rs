//! Payments made from a number, and what the example guests make of them, as Avro bytes written by hand.
//!
//! Neither an Avro library nor the schemas have a part in this, so that a fault in those cannot hide in the rig.

/// A payment; the same number always gives the same one.
#[derive(Debug, Clone)]
pub struct Payment {
    /// `pay-` and the number in twelve digits: this is how a record is known again.
    pub id: Vec<u8>,
    /// Some of the accounts occur more than once.
    pub account: String,
    /// Cents; never negative unless a test asks for it.
    pub amount: i64,
    /// Index of the currency's symbol.
    pub currency: i64,
    /// Milliseconds since the epoch.
    pub ts: i64,
    /// Every other payment has one.
    pub note: Option<&'static str>,
    /// Always the same two.
    pub tags: [&'static str; 2],
    /// Euros for one unit of the currency.
    pub rate: f64,
    /// One of three.
    pub country: &'static str,
    /// The number, modulo 1,000.
    pub seq: i64,
}

/// What `enrich` and `subset` answer for a payment.
#[derive(Debug, Clone)]
pub struct Enriched {
    /// All of the input.
    pub payment: Payment,
    /// The amount in euros.
    pub amount_eur: f64,
    /// 2 above 9,000 euros, else 1 for another country than DE.
    pub risk: i64,
}

impl Payment {
    /// The payment of this number.
    pub fn numbered(i: u64) -> Self {
        Payment {
            id: format!("pay-{i:012}").into_bytes(),
            account: format!("DE{:018}", i * 7919 % 1_000_003),
            amount: (i % 1_000_000) as i64,
            currency: (i % 3) as i64,
            ts: 1_763_700_000_000 + i as i64,
            note: i.is_multiple_of(2).then_some("monthly invoice payment"),
            tags: ["card", "online"],
            rate: 1.0 + (i % 100) as f64 / 100.0,
            country: ["DE", "FR", "US"][(i % 3) as usize],
            seq: (i % 1000) as i64,
        }
    }

    /// Appends the payment as an Avro datum.
    pub fn encode(&self, out: &mut Vec<u8>) {
        self.encode_up_to_tags(out);
        put_long(out, self.tags.len() as i64);
        for tag in self.tags {
            put_bytes(out, tag.as_bytes());
        }
        put_long(out, 0);
        out.extend(self.rate.to_le_bytes());
        put_bytes(out, self.country.as_bytes());
        put_long(out, self.seq);
    }

    /// The fields before `tags`, for those who want to spoil that one.
    pub(crate) fn encode_up_to_tags(&self, out: &mut Vec<u8>) {
        put_bytes(out, &self.id);
        put_bytes(out, self.account.as_bytes());
        put_long(out, self.amount);
        put_long(out, self.currency);
        put_long(out, self.ts);
        match self.note {
            None => put_long(out, 0),
            Some(note) => {
                put_long(out, 1);
                put_bytes(out, note.as_bytes());
            }
        }
    }

    /// What the guests make of it.
    pub fn enrich(self) -> Enriched {
        let amount_eur = self.amount as f64 / 100.0 * self.rate;
        let risk = if amount_eur > 9000.0 { 2 } else { i64::from(self.country != "DE") };
        Enriched { payment: self, amount_eur, risk }
    }
}

impl Enriched {
    /// Appends the result as an Avro datum.
    pub fn encode(&self, out: &mut Vec<u8>) {
        self.payment.encode(out);
        out.extend(self.amount_eur.to_le_bytes());
        put_long(out, self.risk);
    }
}

/// Appends what stands before a datum of a schema registry: a zero and the schema's id.
pub fn frame(id: u32, out: &mut Vec<u8>) {
    out.push(0);
    out.extend(id.to_be_bytes());
}

pub(crate) fn put_long(out: &mut Vec<u8>, value: i64) {
    let mut rest = ((value << 1) ^ (value >> 63)) as u64;
    while rest >= 0x80 {
        out.push(rest as u8 | 0x80);
        rest >>= 7;
    }
    out.push(rest as u8);
}

pub(crate) fn put_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    put_long(out, bytes.len() as i64);
    out.extend(bytes);
}
