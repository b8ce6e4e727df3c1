//! Whether a payment is the one that was asked for.

use rust_decimal::Decimal;
use schemas::Currency;

use super::Paid;

/// What the code asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expected {
    /// The md5 of the code's payload, 32 lower-case hex digits.
    pub md5: String,
    /// The account of the code.
    pub to_account_id: String,
    /// The currency of the code.
    pub currency: Currency,
    /// The amount of the code.
    pub amount: Decimal,
}

/// What is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Aspect {
    /// The code itself.
    Md5,
    /// Who was paid.
    Receiver,
    /// In what.
    Currency,
    /// How much.
    Amount,
}

/// One difference between what was asked for and what was paid.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{aspect:?}: {expected} was asked for, {given} was paid")]
pub struct Mismatch {
    /// In what.
    pub aspect: Aspect,
    /// What was asked for.
    pub expected: String,
    /// What Bakong says.
    pub given: String,
}

/// Compares the md5 always, and receiver, currency and amount wherever Bakong gives
/// them. Account ids are compared without regard to case, amounts as numbers.
/// Returns what was compared.
///
/// # Errors
/// Every difference.
pub fn matches(expected: &Expected, paid: &Paid) -> Result<Vec<Aspect>, Vec<Mismatch>> {
    let (mut compared, mut differences) = (Vec::new(), Vec::new());
    let mut compare = |aspect, same: bool, expected: String, given: String| {
        compared.push(aspect);
        if !same {
            differences.push(Mismatch { aspect, expected, given });
        }
    };
    let same = expected.md5 == paid.md5;
    compare(Aspect::Md5, same, expected.md5.clone(), paid.md5.clone());
    if let Some(receiver) = &paid.to_account_id {
        let same = expected.to_account_id.eq_ignore_ascii_case(receiver);
        compare(Aspect::Receiver, same, expected.to_account_id.clone(), receiver.clone());
    }
    if let Some(currency) = &paid.currency {
        let code = expected.currency.code();
        compare(Aspect::Currency, code == currency, code.to_owned(), currency.clone());
    }
    if let Some(amount) = paid.amount {
        let same = expected.amount == amount;
        compare(Aspect::Amount, same, expected.amount.to_string(), amount.to_string());
    }
    if differences.is_empty() { Ok(compared) } else { Err(differences) }
}

#[cfg(test)]
mod tests {
    use super::{
        Aspect::{Amount, Md5, Receiver},
        *,
    };

    fn expected() -> Expected {
        Expected {
            md5: "ba75529ef883b2e6dc80614199dcf316".to_owned(),
            to_account_id: "dara@wing".to_owned(),
            currency: Currency::Usd,
            amount: Decimal::new(250, 2),
        }
    }

    fn paid() -> Paid {
        Paid {
            md5: expected().md5,
            hash: "a1".to_owned(),
            from_account_id: None,
            to_account_id: Some("Dara@wing".to_owned()),
            currency: Some("USD".to_owned()),
            amount: Some(Decimal::new(25, 1)),
        }
    }

    #[test]
    fn what_bakong_gives_is_compared() {
        assert_eq!(
            matches(&expected(), &paid()),
            Ok(vec![Md5, Receiver, Aspect::Currency, Amount])
        );
        let bare = Paid { to_account_id: None, currency: None, amount: None, ..paid() };
        assert_eq!(matches(&expected(), &bare), Ok(vec![Md5]));
    }

    #[test]
    fn every_difference_is_named() {
        let other = Paid {
            md5: "7ec25565db58a7d8d6c4bb19755973d4".to_owned(),
            to_account_id: Some("sokha@wing".to_owned()),
            currency: Some("KHR".to_owned()),
            amount: Some(Decimal::new(249, 2)),
            ..paid()
        };
        let named = |paid: &Paid| -> Vec<Aspect> {
            let differences = matches(&expected(), paid).err().unwrap_or_default();
            differences.iter().map(|difference| difference.aspect).collect()
        };
        assert_eq!(named(&other), [Md5, Receiver, Aspect::Currency, Amount]);
        assert_eq!(named(&Paid { md5: other.md5, ..paid() }), [Md5]);
        assert_eq!(named(&Paid { to_account_id: other.to_account_id, ..paid() }), [Receiver]);
        assert_eq!(named(&Paid { currency: other.currency, ..paid() }), [Aspect::Currency]);
        assert_eq!(named(&Paid { amount: other.amount, ..paid() }), [Amount]);
        let short = matches(&expected(), &Paid { amount: other.amount, ..paid() });
        let said = short.err().unwrap_or_default().first().map(ToString::to_string);
        assert_eq!(said.as_deref(), Some("Amount: 2.50 was asked for, 2.49 was paid"));
    }
}
