//! Several SHA-256 computations side by side.
//!
//! A block of SHA-256 is one long chain of dependent instructions, and a processor with SHA
//! instructions waits for most of it. Blocks of other messages fill that time: two messages of
//! one length, a block of each in turn, take 70 % of what they take one after another.

use sha2::block_api::compress256;
use zeroize::Zeroize;

const BLOCK: usize = 64;

const INITIAL: [u32; 8] = [
    0x6a09_e667,
    0xbb67_ae85,
    0x3c6e_f372,
    0xa54f_f53a,
    0x510e_527f,
    0x9b05_688c,
    0x1f83_d9ab,
    0x5be0_cd19,
];

/// A state that whole blocks were hashed into, such as the padded key of an HMAC.
#[derive(Clone, Copy)]
pub(crate) struct State([u32; 8]);

impl State {
    /// After one block.
    pub(crate) fn after(block: &[u8; BLOCK]) -> Self {
        let mut state = Self(INITIAL);
        state.add(block);
        state
    }

    /// Hashes one more block.
    #[inline]
    pub(crate) fn add(&mut self, block: &[u8; BLOCK]) {
        compress256(&mut self.0, std::slice::from_ref(block));
    }

    /// The hash, once the padding is in.
    #[inline]
    pub(crate) fn digest(&self) -> [u8; 32] {
        let mut digest = [0; 32];
        for (bytes, word) in digest.as_chunks_mut::<4>().0.iter_mut().zip(self.0) {
            *bytes = word.to_be_bytes();
        }
        digest
    }
}

impl Zeroize for State {
    fn zeroize(&mut self) {
        self.0.zeroize();
    }
}

/// One message on its way through the function: its parts, concatenated.
pub(crate) struct Lane<'a> {
    state: State,
    part: &'a [u8],
    rest: &'a [&'a [u8]],
    /// The block that is being gathered from the ends of parts.
    block: [u8; BLOCK],
    filled: usize,
    /// Bytes of the message that are hashed or gathered.
    len: u64,
    stage: Stage,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    Message,
    /// The message and the bit behind it are hashed; its length is not.
    Length,
    Done,
}

impl Lane<'_> {
    const EMPTY: Self = Self {
        state: State(INITIAL),
        part: &[],
        rest: &[],
        block: [0; BLOCK],
        filled: 0,
        len: 0,
        stage: Stage::Message,
    };

    /// Hashes the next block; `whole` takes all at once that need not be gathered.
    #[inline]
    fn step(&mut self, whole: bool) {
        match self.stage {
            Stage::Message => {}
            Stage::Length => return self.finish(),
            Stage::Done => return,
        }
        loop {
            if self.filled == 0 && self.part.len() >= BLOCK {
                let (blocks, _) = self.part.as_chunks::<BLOCK>();
                let blocks = if whole { blocks } else { &blocks[..1] };
                compress256(&mut self.state.0, blocks);
                let taken = blocks.len() * BLOCK;
                self.part = &self.part[taken..];
                self.len += taken as u64;
                return;
            }
            let taken = self.part.len().min(BLOCK - self.filled);
            self.block[self.filled..self.filled + taken].copy_from_slice(&self.part[..taken]);
            self.part = &self.part[taken..];
            self.filled += taken;
            self.len += taken as u64;
            if self.filled == BLOCK {
                self.filled = 0;
                return self.compress_gathered();
            }
            match self.rest.split_first() {
                Some((part, rest)) => (self.part, self.rest) = (part, rest),
                None => return self.pad(),
            }
        }
    }

    fn pad(&mut self) {
        self.block[self.filled] = 0x80;
        self.block[self.filled + 1..].fill(0);
        if self.filled < BLOCK - 8 {
            return self.finish();
        }
        self.compress_gathered();
        self.block.fill(0);
        self.stage = Stage::Length;
    }

    fn finish(&mut self) {
        self.block[BLOCK - 8..].copy_from_slice(&(self.len * 8).to_be_bytes());
        self.compress_gathered();
        self.stage = Stage::Done;
    }

    fn compress_gathered(&mut self) {
        self.state.add(&self.block);
    }

    fn is_done(&self) -> bool {
        self.stage == Stage::Done
    }
}

/// The digests of several messages, a block of each in turn.
#[inline]
pub(crate) fn digests<const N: usize>(messages: [&[&[u8]]; N]) -> [[u8; 32]; N] {
    // Made in place: moving a lane costs as much as hashing a block.
    let mut lanes = [const { Lane::EMPTY }; N];
    for (lane, parts) in lanes.iter_mut().zip(messages) {
        lane.rest = parts;
    }
    run(&mut lanes);
    std::array::from_fn(|i| lanes[i].state.digest())
}

/// The digest of a message whose first block was hashed before.
pub(crate) fn digest_after_one_block(state: &State, parts: &[&[u8]]) -> [u8; 32] {
    let mut lanes = [Lane::EMPTY];
    lanes[0].state = *state;
    lanes[0].len = BLOCK as u64;
    lanes[0].rest = parts;
    run(&mut lanes);
    lanes[0].state.digest()
}

fn run<const N: usize>(lanes: &mut [Lane<'_>; N]) {
    loop {
        let left = lanes.iter().filter(|lane| !lane.is_done()).count();
        if left == 0 {
            return;
        }
        for lane in lanes.iter_mut() {
            lane.step(left == 1);
        }
    }
}
