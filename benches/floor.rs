//! The floor under decoding: plain reading of a file in pieces of 256 KiB, and AEAD decryption of as many bytes in records
//! of a given size. What `benches/decode.sh` holds `sstp-diag decode` against.
//!
//!     floor FILE RECORD_BYTES

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use std::fs::File;
use std::io::Read;
use std::time::Instant;

fn main() {
    let args: Vec<String> = std::env::args().skip(1).filter(|arg| arg != "--bench").collect();
    let [path, record] = args.as_slice() else {
        println!("floor FILE RECORD_BYTES: times plain reading and AES-256-GCM of the same bytes");
        return;
    };
    let record: usize = record.parse().expect("a number of bytes");
    let (read, seconds_read) = timed(|| plain_read(path));
    let (opened, seconds_opened) = timed(|| decrypt(read, record));
    let rate = |bytes: u64, seconds: f64| bytes as f64 / seconds / 1e6;
    println!("read {read} {seconds_read:.4} s {:.0} MB/s", rate(read, seconds_read));
    println!("aead {opened} {seconds_opened:.4} s {:.0} MB/s", rate(opened, seconds_opened));
    println!("floor {:.4} s {:.0} MB/s", seconds_read + seconds_opened, rate(read, seconds_read + seconds_opened));
}

fn timed(work: impl FnOnce() -> u64) -> (u64, f64) {
    let began = Instant::now();
    let bytes = work();
    (bytes, began.elapsed().as_secs_f64())
}

fn plain_read(path: &str) -> u64 {
    let mut file = File::open(path).expect("the file");
    let mut buffer = vec![0; 256 * 1024];
    let mut bytes = 0;
    loop {
        match file.read(&mut buffer).expect("readable") {
            0 => return bytes,
            n => bytes += n as u64,
        }
    }
}

/// Opens one and the same record over and over, each time into the same buffer, as a decoder does.
fn decrypt(bytes: u64, record: usize) -> u64 {
    let key = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &[7; 32]).expect("32 bytes"));
    let nonce = || Nonce::assume_unique_for_key([1; 12]);
    let mut sealed = vec![0x5a; record];
    let tag = key.seal_in_place_separate_tag(nonce(), Aad::from([0u8; 5]), &mut sealed).expect("sealed");
    let mut plain = vec![0; record];
    let mut opened = 0;
    while opened < bytes {
        key.open_separate_gather(nonce(), Aad::from([0u8; 5]), &sealed, tag.as_ref(), &mut plain).expect("it opens");
        opened += record as u64;
    }
    opened
}
