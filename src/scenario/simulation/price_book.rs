//! Common machine types: what they have, what of it pods can use, and what they cost.

use std::sync::OnceLock;

use crate::api::quantity::{Format, Quantity};
use crate::api::resources::ResourceList;

/// A machine type.
#[derive(Clone, Copy, Debug)]
pub(super) struct MachineType {
    /// As its cloud calls it.
    pub(super) name: &'static str,
    /// `aws`, `gcp`, `azure`.
    pub(super) cloud: &'static str,
    cpus: i64,
    memory_mib: i64,
    gpus: i64,
    /// Millionths of a dollar an hour, on demand.
    pub(super) micros_an_hour: u64,
    /// As spot capacity.
    pub(super) spot_micros_an_hour: u64,
    pods: i64,
}

/// All machine types of the price book.
pub(super) fn price_book() -> &'static [MachineType] {
    static BOOK: OnceLock<Vec<MachineType>> = OnceLock::new();
    BOOK.get_or_init(|| {
        let lines = include_str!("prices.txt").lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
        lines.filter_map(machine_type).collect()
    })
}

/// The names of all machine types, with their clouds.
pub fn price_book_names() -> Vec<String> {
    price_book().iter().map(|machine| machine.name.to_owned()).collect()
}

fn machine_type(line: &'static str) -> Option<MachineType> {
    let words: Vec<&str> = line.split(' ').collect();
    let [cloud, name, cpus, memory, gpus, price, share, pods] = words[..] else { return None };
    let price = price.parse::<f64>().ok()?;
    let micros = |dollars: f64| (dollars * 1e6).round() as u64;
    Some(MachineType {
        name,
        cloud,
        cpus: cpus.parse().ok()?,
        memory_mib: memory.parse().ok()?,
        gpus: gpus.parse().ok()?,
        micros_an_hour: micros(price),
        spot_micros_an_hour: micros(price * share.parse::<f64>().ok()?),
        pods: pods.parse().ok()?,
    })
}

impl MachineType {
    /// What the machine has.
    pub(super) fn capacity(&self) -> ResourceList {
        self.resources(self.cpus * 1000, self.memory_mib)
    }

    /// What is left for pods after what the clouds reserve: of the processors 6 % of the first, 1 % of the second, 0.5 %
    /// of the next two and 0.25 % of the rest; of the memory 25 % of the first 4 GiB, 20 % of the next 4, 10 % of the
    /// next 8, 6 % of the next 112 and 2 % of the rest, and 100 MiB at which pods are evicted.
    pub(super) fn allocatable(&self) -> ResourceList {
        let share = |amount: i64, bands: &[(i64, i64)]| {
            let (mut left, mut sum) = (amount, 0);
            for &(width, thousandths) in bands {
                let part = left.min(width);
                sum += part * thousandths;
                left -= part;
            }
            // Thousandths of a thousandth, rounded up.
            (sum + 9999) / 10_000
        };
        let cpu = share(self.cpus * 1000, &[(1000, 600), (1000, 100), (2000, 50), (i64::MAX, 25)]);
        let bands = [(4096, 2500), (4096, 2000), (8192, 1000), (114_688, 600), (i64::MAX, 200)];
        self.resources(self.cpus * 1000 - cpu, self.memory_mib - share(self.memory_mib, &bands) - 100)
    }

    fn resources(&self, millicpus: i64, memory_mib: i64) -> ResourceList {
        let mut list = ResourceList::from([
            ("cpu".into(), Quantity::new_milli(millicpus, Format::DecimalSi)),
            ("memory".into(), Quantity::new(memory_mib * 1024 * 1024, Format::BinarySi)),
            ("pods".into(), Quantity::new(self.pods, Format::DecimalSi)),
        ]);
        if self.gpus > 0 {
            list.insert("nvidia.com/gpu".into(), Quantity::new(self.gpus, Format::DecimalSi));
        }
        list
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_clouds_are_in_the_book() {
        let book = price_book();
        for cloud in ["aws", "gcp", "azure"] {
            assert!(book.iter().filter(|machine| machine.cloud == cloud).count() >= 10, "{cloud}");
        }
        let lines = include_str!("prices.txt").lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
        assert_eq!(lines.count(), book.len(), "a line of the table cannot be read");
    }

    #[test]
    fn clouds_keep_a_share_for_themselves() {
        let check = |name: &str, cpu: &str, memory: &str| {
            let machine = price_book().iter().find(|machine| machine.name == name).expect("a machine type");
            let list = machine.allocatable();
            assert_eq!((list["cpu"].to_string(), list["memory"].to_string()), (cpu.to_owned(), memory.to_owned()));
        };
        check("e2-standard-4", "3920m", "13621Mi");
        check("m5.large", "1930m", "6248Mi");
    }
}
