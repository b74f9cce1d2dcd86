use symlog_crypto::sha256;

/// A Merkle tree (RFC 6962) by the roots of the perfect subtrees that make it up: all that is
/// needed to append and to know the root, in at most 64 hashes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct CompactRange {
    size: u64,
    /// Largest subtree first, one for each bit set in `size`.
    roots: Vec<[u8; 32]>,
}

impl CompactRange {
    /// The tree of `size` leaves with these subtree roots; `None` if their number is not that of
    /// the bits in `size`.
    pub(crate) fn from_parts(size: u64, roots: Vec<[u8; 32]>) -> Option<Self> {
        (roots.len() == size.count_ones() as usize).then_some(Self { size, roots })
    }

    pub(crate) fn size(&self) -> u64 {
        self.size
    }

    pub(crate) fn roots(&self) -> &[[u8; 32]] {
        &self.roots
    }

    pub(crate) fn push(&mut self, leaf: [u8; 32]) {
        let mut node = leaf;
        let mut size = self.size;
        while size & 1 == 1 {
            // One root stands for each bit set, so there is one to take here.
            if let Some(left) = self.roots.pop() {
                node = parent(&left, &node);
            }
            size >>= 1;
        }
        self.roots.push(node);
        self.size += 1;
    }

    /// The tree hash; that of the empty tree is SHA-256 of nothing.
    pub(crate) fn root(&self) -> [u8; 32] {
        let mut roots = self.roots.iter().rev();
        match roots.next() {
            None => sha256(&[]),
            Some(last) => roots.fold(*last, |right, left| parent(left, &right)),
        }
    }
}

fn parent(left: &[u8; 32], right: &[u8; 32]) -> [u8; 32] {
    let mut data = [1u8; 65];
    data[1..33].copy_from_slice(left);
    data[33..].copy_from_slice(right);
    sha256(&[&data])
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 6962, section 2.1, as it is written there.
    fn reference(leaves: &[[u8; 32]]) -> [u8; 32] {
        match leaves {
            [] => sha256(&[]),
            [leaf] => *leaf,
            _ => {
                let k = leaves.len().next_power_of_two() / 2;
                parent(&reference(&leaves[..k]), &reference(&leaves[k..]))
            }
        }
    }

    #[test]
    fn agrees_with_the_definition_at_every_size() {
        let leaves: Vec<[u8; 32]> = (0u32..70).map(|i| sha256(&[&i.to_be_bytes()])).collect();
        let mut range = CompactRange::default();
        for (n, leaf) in leaves.iter().enumerate() {
            assert_eq!(range.root(), reference(&leaves[..n]), "size {n}");
            let again = CompactRange::from_parts(range.size(), range.roots().to_vec());
            assert_eq!(again.as_ref(), Some(&range));
            range.push(*leaf);
        }
        assert_eq!(CompactRange::from_parts(3, vec![[0; 32]]), None);
    }

    #[test]
    fn agrees_with_the_published_test_vectors() {
        // The inputs and the root of eight leaves of the certificate-transparency test data.
        let inputs = [
            "",
            "00",
            "10",
            "2021",
            "3031",
            "40414243",
            "5051525354555657",
            "606162636465666768696a6b6c6d6e6f",
        ];
        let mut range = CompactRange::default();
        for input in inputs {
            let bytes: Vec<u8> = (0..input.len())
                .step_by(2)
                .map(|i| u8::from_str_radix(&input[i..i + 2], 16).unwrap())
                .collect();
            range.push(sha256(&[&[0], &bytes]));
        }
        let root: String = range.root().iter().map(|b| format!("{b:02x}")).collect();
        assert_eq!(
            root,
            "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"
        );
    }
}
