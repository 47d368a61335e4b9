//! The named characters kramdown knows (`&eacute;`): those of HTML 4, and few more. A name that is not
//! here stays as it is written.

/// The character a name stands for.
pub(super) fn character(name: &str) -> Option<char> {
    let mut named = NAMES.split([' ', '\n']).filter_map(|pair| pair.split_once('='));
    named.find(|(known, _)| *known == name).and_then(|(_, meant)| meant.chars().next())
}

/// The character a number stands for. As browsers do, kramdown takes the numbers of control characters
/// for those of Windows' Latin letters.
pub(super) fn numbered(number: u32) -> Option<char> {
    let windows = WINDOWS.iter().find(|(known, _)| *known == number);
    windows.map(|(_, meant)| *meant).or_else(|| char::from_u32(number))
}

const WINDOWS: &[(u32, char)] = &[
    (0x80, '€'),
    (0x82, '‚'),
    (0x83, 'ƒ'),
    (0x84, '„'),
    (0x85, '…'),
    (0x86, '†'),
    (0x87, '‡'),
    (0x88, 'ˆ'),
    (0x89, '‰'),
    (0x8a, 'Š'),
    (0x8b, '‹'),
    (0x8c, 'Œ'),
    (0x8e, 'Ž'),
    (0x91, '‘'),
    (0x92, '’'),
    (0x93, '“'),
    (0x94, '”'),
    (0x95, '•'),
    (0x96, '–'),
    (0x97, '—'),
    (0x98, '˜'),
    (0x99, '™'),
    (0x9a, 'š'),
    (0x9b, '›'),
    (0x9c, 'œ'),
    (0x9e, 'ž'),
    (0x9f, 'Ÿ'),
];

/// `name=character`, by code point.
const NAMES: &str = "\
quot=\" amp=& apos=' lt=< gt=> nbsp=\u{a0} iexcl=¡ cent=¢ pound=£ curren=¤ yen=¥ brvbar=¦ sect=§ \
uml=¨ copy=© ordf=ª laquo=« not=¬ shy=\u{ad} reg=® macr=¯ deg=° plusmn=± sup2=² sup3=³ acute=´ \
micro=µ para=¶ middot=· cedil=¸ sup1=¹ ordm=º raquo=» frac14=¼ frac12=½ frac34=¾ iquest=¿ Agrave=À \
Aacute=Á Acirc=Â Atilde=Ã Auml=Ä Aring=Å AElig=Æ Ccedil=Ç Egrave=È Eacute=É Ecirc=Ê Euml=Ë \
Igrave=Ì Iacute=Í Icirc=Î Iuml=Ï ETH=Ð Ntilde=Ñ Ograve=Ò Oacute=Ó Ocirc=Ô Otilde=Õ Ouml=Ö times=× \
Oslash=Ø Ugrave=Ù Uacute=Ú Ucirc=Û Uuml=Ü Yacute=Ý THORN=Þ szlig=ß agrave=à aacute=á acirc=â \
atilde=ã auml=ä aring=å aelig=æ ccedil=ç egrave=è eacute=é ecirc=ê euml=ë igrave=ì iacute=í \
icirc=î iuml=ï eth=ð ntilde=ñ ograve=ò oacute=ó ocirc=ô otilde=õ ouml=ö divide=÷ oslash=ø ugrave=ù \
uacute=ú ucirc=û uuml=ü yacute=ý thorn=þ yuml=ÿ OElig=Œ oelig=œ Scaron=Š scaron=š Yuml=Ÿ fnof=ƒ \
circ=ˆ tilde=˜ Alpha=Α Beta=Β Gamma=Γ Delta=Δ Epsilon=Ε Zeta=Ζ Eta=Η Theta=Θ Iota=Ι Kappa=Κ \
Lambda=Λ Mu=Μ Nu=Ν Xi=Ξ Omicron=Ο Pi=Π Rho=Ρ Sigma=Σ Tau=Τ Upsilon=Υ Phi=Φ Chi=Χ Psi=Ψ Omega=Ω \
alpha=α beta=β gamma=γ delta=δ epsilon=ε zeta=ζ eta=η theta=θ iota=ι kappa=κ lambda=λ mu=μ nu=ν \
xi=ξ omicron=ο pi=π rho=ρ sigmaf=ς sigma=σ tau=τ upsilon=υ phi=φ chi=χ psi=ψ omega=ω thetasym=ϑ \
upsih=ϒ piv=ϖ ensp=\u{2002} emsp=\u{2003} thinsp=\u{2009} zwnj=\u{200c} zwj=\u{200d} lrm=\u{200e} \
rlm=\u{200f} ndash=– mdash=— lsquo=‘ rsquo=’ sbquo=‚ ldquo=“ rdquo=” bdquo=„ dagger=† Dagger=‡ \
bull=• hellip=… permil=‰ prime=′ Prime=″ lsaquo=‹ rsaquo=› oline=‾ frasl=⁄ euro=€ image=ℑ weierp=℘ \
real=ℜ trade=™ alefsym=ℵ larr=← uarr=↑ rarr=→ darr=↓ harr=↔ crarr=↵ lArr=⇐ uArr=⇑ rArr=⇒ dArr=⇓ \
hArr=⇔ forall=∀ part=∂ exist=∃ empty=∅ nabla=∇ isin=∈ notin=∉ ni=∋ prod=∏ sum=∑ minus=− lowast=∗ \
radic=√ prop=∝ infin=∞ ang=∠ and=∧ or=∨ cap=∩ cup=∪ int=∫ there4=∴ sim=∼ cong=≅ asymp=≈ ne=≠ \
equiv=≡ le=≤ ge=≥ sub=⊂ sup=⊃ nsub=⊄ sube=⊆ supe=⊇ oplus=⊕ otimes=⊗ perp=⊥ sdot=⋅ vellip=⋮ rceil=⌈ \
lceil=⌉ lfloor=⌊ rfloor=⌋ rang=\u{232a} lang=\u{2329} loz=◊ spades=♠ clubs=♣ hearts=♥ diams=♦";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_stands_for_one_character_and_an_unknown_name_for_none() {
        assert_eq!(character("eacute"), Some('é'));
        assert_eq!(character("equiv"), Some('≡'));
        assert_eq!(character("nbsp"), Some('\u{a0}'));
        assert_eq!(character("Eacute"), Some('É'));
        assert_eq!(character("eacut"), None);
        assert_eq!(character(""), None);
    }

    #[test]
    fn a_number_of_a_control_character_is_a_letter_of_windows() {
        assert_eq!(numbered(0x8a), Some('Š'));
        assert_eq!(numbered(0xe9), Some('é'));
        assert_eq!(numbered(0xd800), None);
    }

    #[test]
    fn every_pair_of_the_table_is_a_name_and_one_character() {
        for pair in NAMES.split([' ', '\n']) {
            let (name, meant) = pair.split_once('=').expect("a pair");
            assert!(name.starts_with(|it: char| it.is_ascii_alphabetic()), "{pair}");
            assert!(name.bytes().all(|byte| byte.is_ascii_alphanumeric()), "{pair}");
            assert_eq!(meant.chars().count(), 1, "{pair}");
        }
    }
}
