//! How many calls at a time a target takes: as many as wanted, until it turns one away.

use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::sync::{Semaphore, SemaphorePermit};

/// Seats for calls.
#[derive(Debug)]
pub(super) struct Room {
    seats: Semaphore,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    /// Seats in all.
    seats: usize,
    /// Calls under way.
    under_way: usize,
    /// Seats that go when who sits there leaves.
    to_go: usize,
}

/// One call's seat.
pub(super) struct Seated<'a> {
    room: &'a Room,
    permit: Option<SemaphorePermit<'a>>,
}

impl Default for Room {
    fn default() -> Self {
        Room { seats: Semaphore::new(MOST), state: Mutex::new(State { seats: MOST, under_way: 0, to_go: 0 }) }
    }
}

impl Room {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for a seat.
    pub async fn enter(&self) -> Seated<'_> {
        let permit = self.seats.acquire().await.ok();
        self.state().under_way += 1;
        Seated { room: self, permit }
    }

    /// A call was turned away when so many were under way, while the target lives: half as many from now on.
    pub fn shrink(&self, together: usize) {
        let (mut state, wanted) = (self.state(), (together / 2).max(1));
        let excess = state.seats.saturating_sub(wanted);
        let gone = self.seats.forget_permits(excess);
        state.seats -= excess;
        state.to_go += excess - gone;
    }

    /// How many seats there are, where some were taken away.
    pub fn left(&self) -> Option<usize> {
        let seats = self.state().seats;
        (seats < MOST).then_some(seats)
    }
}

impl Seated<'_> {
    /// Calls under way now, this one among them.
    pub fn together(&self) -> usize {
        self.room.state().under_way
    }
}

impl Drop for Seated<'_> {
    fn drop(&mut self) {
        let mut state = self.room.state();
        state.under_way -= 1;
        if state.to_go > 0 {
            state.to_go -= 1;
            self.permit.take().into_iter().for_each(SemaphorePermit::forget);
        }
    }
}

/// Ours: more calls at a time are never wanted.
const MOST: usize = 1 << 10;

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::Future;
    use std::pin::pin;
    use std::task::{Context, Poll, Waker};

    fn seated(room: &Room) -> Option<Seated<'_>> {
        match pin!(room.enter()).poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(seat) => Some(seat),
            Poll::Pending => None,
        }
    }

    #[test]
    fn half_of_those_who_were_there_find_a_seat_the_next_time() {
        let room = Room::default();
        assert_eq!(room.left(), None);
        let mut seats: Vec<_> = (0..10).map(|_| seated(&room).expect("room")).collect();
        let together = seats.last().expect("ten").together();
        room.shrink(together);
        assert!(together == 10 && seated(&room).is_none() && room.left() == Some(5));
        // Five seats are left; whoever still sits keeps others out.
        seats.truncate(6);
        assert!(seated(&room).is_none());
        seats.truncate(3);
        let more: Vec<_> = (0..2).map(|_| seated(&room).expect("room for five")).collect();
        assert!(seated(&room).is_none());
        drop((seats, more));
        // It never grows, and one seat is always left.
        room.shrink(100);
        room.shrink(0);
        let one = seated(&room);
        assert!(one.is_some() && seated(&room).is_none());
    }
}
