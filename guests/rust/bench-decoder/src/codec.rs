//! Avro of `payment.avsc` in, of `enriched.avsc` out, by hand. Native contenders of the bench use this very file.

use super::payment::Payment;

/// Stands in a value and hands out what comes next.
pub struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    pub fn new(bytes: &'a [u8]) -> Self {
        Reader(bytes)
    }

    pub fn take(&mut self, len: usize) -> Result<&'a [u8], String> {
        match self.0.split_at_checked(len) {
            Some((taken, rest)) => {
                self.0 = rest;
                Ok(taken)
            }
            None => Err(format!("{len} bytes wanted, {} left", self.0.len())),
        }
    }

    pub fn long(&mut self) -> Result<i64, String> {
        let mut value = 0u64;
        for shift in (0..64).step_by(7) {
            let (&byte, rest) = self.0.split_first().ok_or("the value ends within a number")?;
            self.0 = rest;
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok((value >> 1) as i64 ^ -((value & 1) as i64));
            }
        }
        Err("a number of more than 64 bits".to_owned())
    }

    pub fn size(&mut self) -> Result<usize, String> {
        let size = self.long()?;
        usize::try_from(size).map_err(|_| format!("{size} is no size"))
    }

    pub fn text(&mut self) -> Result<String, String> {
        let len = self.size()?;
        let bytes = self.take(len)?;
        std::str::from_utf8(bytes).map(str::to_owned).map_err(|why| why.to_string())
    }

    fn texts(&mut self) -> Result<Vec<String>, String> {
        let mut all = Vec::new();
        loop {
            let count = self.size()?;
            if count == 0 {
                return Ok(all);
            }
            all.reserve(count.min(self.0.len()));
            for _ in 0..count {
                all.push(self.text()?);
            }
        }
    }

    pub fn double(&mut self) -> Result<f64, String> {
        let bytes = self.take(8)?.first_chunk().copied().unwrap_or_default();
        Ok(f64::from_le_bytes(bytes))
    }
}

/// A payment out of its Avro bytes.
pub fn decode(bytes: &[u8]) -> Result<Payment, String> {
    let r = &mut Reader::new(bytes);
    Ok(Payment {
        id: r.text()?,
        account: r.text()?,
        amount: r.long()?,
        currency: r.size()? as u32,
        ts: r.long()?,
        note: if r.long()? == 0 { None } else { Some(r.text()?) },
        tags: r.texts()?,
        rate: r.double()?,
        country: r.text()?,
        seq: r.long()? as i32,
        ..Payment::default()
    })
}

/// Appends a number.
pub fn put_long(out: &mut Vec<u8>, value: i64) {
    let mut rest = ((value << 1) ^ (value >> 63)) as u64;
    while rest >= 0x80 {
        out.push(rest as u8 | 0x80);
        rest >>= 7;
    }
    out.push(rest as u8);
}

/// Appends a text.
pub fn put_text(out: &mut Vec<u8>, text: &str) {
    put_long(out, text.len() as i64);
    out.extend_from_slice(text.as_bytes());
}

/// The enriched payment's Avro bytes.
pub fn encode(p: &Payment) -> Vec<u8> {
    let out = &mut Vec::with_capacity(128);
    put_text(out, &p.id);
    put_text(out, &p.account);
    put_long(out, p.amount);
    put_long(out, p.currency.into());
    put_long(out, p.ts);
    put_long(out, p.note.is_some().into());
    if let Some(note) = &p.note {
        put_text(out, note);
    }
    if !p.tags.is_empty() {
        put_long(out, p.tags.len() as i64);
        p.tags.iter().for_each(|tag| put_text(out, tag));
    }
    out.push(0);
    out.extend_from_slice(&p.rate.to_le_bytes());
    put_text(out, &p.country);
    put_long(out, p.seq.into());
    out.extend_from_slice(&p.amount_eur.to_le_bytes());
    put_long(out, p.risk.into());
    std::mem::take(out)
}
