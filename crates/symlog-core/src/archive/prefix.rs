/// How an id begins that is looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IdPrefix {
    digits: [u8; 16],
    /// Digits, two to a byte.
    len: usize,
}

impl IdPrefix {
    /// The beginning of an id as text, with or without its hyphens; `None` for what no id begins with.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut prefix = Self {
            digits: [0; 16],
            len: 0,
        };
        for c in text.chars().filter(|c| *c != '-') {
            let digit = c.to_digit(16)? as u8;
            let byte = prefix.digits.get_mut(prefix.len / 2)?;
            *byte |= if prefix.len.is_multiple_of(2) {
                digit << 4
            } else {
                digit
            };
            prefix.len += 1;
        }
        Some(prefix)
    }

    /// The least and the greatest id that begin so.
    #[must_use]
    pub fn bounds(&self) -> ([u8; 16], [u8; 16]) {
        let mut greatest = self.digits;
        let (whole, half) = (self.len / 2, self.len % 2);
        for (at, byte) in greatest.iter_mut().enumerate().skip(whole) {
            *byte |= if at == whole && half == 1 { 0x0f } else { 0xff };
        }
        (self.digits, greatest)
    }

    /// Whether `id` begins so.
    #[must_use]
    pub fn fits(&self, id: &[u8; 16]) -> bool {
        let (least, greatest) = self.bounds();
        (least..=greatest).contains(id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_beginning_of_an_id_is_the_beginning_of_its_digits() {
        let id = uuid::Uuid::from_u128(0x0199_f3a1_7c22_7d10_9f3e_2b1c_5a6d_7e8f);
        let text = id.to_string();
        for len in 0..=text.len() {
            let prefix = IdPrefix::parse(&text[..len]).unwrap();
            assert!(prefix.fits(id.as_bytes()), "{len}");
            if len > 0 {
                let other = uuid::Uuid::from_u128(id.as_u128() ^ (1 << 127));
                assert!(!prefix.fits(other.as_bytes()), "{len}");
            }
        }
        let last = uuid::Uuid::from_u128(id.as_u128() ^ 1);
        assert!(!IdPrefix::parse(&text).unwrap().fits(last.as_bytes()));
        assert!(IdPrefix::parse(&text[..35]).unwrap().fits(last.as_bytes()));
        assert!(IdPrefix::parse("0199F3A1").unwrap().fits(id.as_bytes()));
        for text in ["0199x", "é", &format!("{text}0")] {
            assert_eq!(IdPrefix::parse(text), None);
        }
    }
}
