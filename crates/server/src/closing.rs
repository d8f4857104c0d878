//! The word that the server stops, as everything that runs long hears it.

use tokio::sync::watch;

/// Says the word. When it is dropped, the word counts as said.
#[derive(Debug)]
pub struct Closer(watch::Sender<bool>);

/// Hears the word. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Closing(watch::Receiver<bool>);

/// A pair of the two.
pub fn closing() -> (Closer, Closing) {
    let (sender, receiver) = watch::channel(false);
    (Closer(sender), Closing(receiver))
}

impl Closer {
    /// The server stops now.
    pub fn close(&self) {
        self.0.send_replace(true);
    }
}

impl Closing {
    /// Whether the word was said.
    pub fn is_closing(&self) -> bool {
        *self.0.borrow()
    }

    /// Waits for the word.
    pub async fn closed(&mut self) {
        let _ = self.0.wait_for(|closing| *closing).await;
    }
}
