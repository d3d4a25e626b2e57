//! A script that makes something, says so, and takes it away again once this process has ended, however that ends.

use std::{
    io::{BufRead as _, BufReader, Read as _},
    process::{Child, ChildStdin, Command, Stdio},
};

/// While this lives, so does what was made.
pub struct Keeper {
    script: Child,
    /// The script waits until nobody holds the other end of its standard input any more.
    hold: Option<ChildStdin>,
}

impl Keeper {
    /// Runs the script until it has said this many lines, and gives them; what it complains of where it ends before.
    pub fn start<const LINES: usize>(mut script: Command) -> Result<(Self, [String; LINES]), String> {
        let mut script = script.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let hold = script.stdin.take();
        let mut said = BufReader::new(script.stdout.take().unwrap()).lines().map_while(Result::ok);
        let lines = std::array::from_fn(|_| said.next().unwrap_or_default());
        if lines.iter().any(String::is_empty) {
            let mut why = String::new();
            script.stderr.take().unwrap().read_to_string(&mut why).unwrap();
            script.wait().unwrap();
            return Err(why);
        }
        Ok((Self { script, hold }, lines))
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        drop(self.hold.take());
        let _ = self.script.wait();
    }
}
