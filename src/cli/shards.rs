//! Which shard this is, and a Job that runs them all.

use std::path::{Component, Path};

use clap::Args;

use crate::apiserver::is_dns1123_subdomain;
use crate::study::shard::{Place, Shard};

/// Parts of a sweep over machines.
#[derive(Clone, Debug, Args)]
pub struct ShardArgs {
    /// Run one part of so many, counted from 0: 3/64. All parts have the same --out; `jobsim merge` puts them together
    #[arg(long, value_name = "I/N", value_parser = Shard::parse, conflicts_with = "shards")]
    shard: Option<Shard>,
    /// The same with the part taken from JOB_COMPLETION_INDEX (an Indexed Job) or SLURM_ARRAY_TASK_ID
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=99_999))]
    shards: Option<u32>,
    /// Print an Indexed Job that runs the shards, instead of running anything
    #[arg(long, requires_all = ["shards", "image"])]
    pub(super) emit_job: bool,
    /// Image of that Job's containers, with jobsim as its entrypoint
    #[arg(long, value_name = "IMAGE")]
    image: Option<String>,
    /// PersistentVolumeClaim that the shards are written to, unless --out is an object store
    #[arg(long, value_name = "NAME", default_value = "jobsim-study")]
    volume_claim: String,
}

/// Where the index of a machine stands.
const INDEXES: [&str; 2] = ["JOB_COMPLETION_INDEX", "SLURM_ARRAY_TASK_ID"];

impl ShardArgs {
    /// The shard to run; none for all of the study.
    pub(super) fn shard(&self, variable: impl Fn(&str) -> Option<String>) -> Result<Option<Shard>, String> {
        let Some(shards) = self.shards else { return Ok(self.shard) };
        let found = INDEXES.iter().find_map(|name| Some((name, variable(name)?)));
        let Some((name, text)) = found else {
            return Err(format!(
                "--shards {shards}: neither {} is set; or give --shard I/{shards}",
                INDEXES.join(" nor ")
            ));
        };
        let index = text.parse().map_err(|_| format!("{name}={text} is not a number from 0"))?;
        Shard::new(index, shards).map(Some).map_err(|error| format!("{name}: {error}"))
    }

    /// Is the Job that is asked for one of all shards?
    ///
    /// # Errors
    /// A sentence if it is not.
    pub(super) fn are_all(&self) -> Result<(), String> {
        match self.shard {
            Some(Shard { shards, .. }) => {
                Err(format!("the Job runs all shards: give --shards {shards} instead of --shard"))
            }
            None => Ok(()),
        }
    }

    /// Can a ConfigMap bring the scenario to the pods of a Job of this name, and can that Job be created?
    ///
    /// # Errors
    /// A sentence on why not.
    pub(super) fn can_be_mounted(&self, name: &str, file: &Path, side_files: &[String]) -> Result<(), String> {
        if file.as_os_str() == "-" {
            return Err("standard input is no file that a ConfigMap could hold".to_owned());
        }
        if file.is_dir() {
            return Err(format!("{} is a folder; a ConfigMap holds files: name one", file.display()));
        }
        if let Some(side_file) = side_files.first() {
            return Err(format!(
                "the scenario reads {side_file}, which would not be there; write into the scenario what it holds"
            ));
        }
        let key = file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let is_key_letter = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        if key.len() > 253 || !key.chars().all(is_key_letter) {
            return Err(format!("\"{key}\" is no key of a ConfigMap: letters, digits, `-`, `_` and `.` make one"));
        }
        if !is_dns1123_subdomain(&self.volume_claim) {
            return Err(format!(
                "--volume-claim {}: a claim is called by small letters, digits, `-` and `.`",
                self.volume_claim
            ));
        }
        let image = self.image.as_deref().unwrap_or_default();
        if image.is_empty() || image.contains(char::is_whitespace) {
            return Err(format!("--image \"{image}\" is no image's name"));
        }
        // The pods' host names are the Job's name and the index, as labels of a domain name.
        let longest = 63 - format!("-{}", self.shards.unwrap_or(1) - 1).len();
        let is_inner = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if name.len() > longest || name.starts_with('-') || !name.chars().all(is_inner) {
            return Err(format!(
                "\"{name}\" cannot be the Job's name: small letters, digits and `-`, up to {longest} of them; give the \
                 Simulation a metadata.name of these"
            ));
        }
        Ok(())
    }

    /// An Indexed Job: each index has its own back-off; wrong input fails the Job at once, for no retry mends it.
    ///
    /// Shards go to the object store that is named, or to a claim that is mounted at the folder that is.
    pub(super) fn job(
        &self,
        name: &str,
        scenario: &Path,
        out: Option<&Place>,
        share: Share,
        arguments: &[String],
    ) -> String {
        let (shards, image) = (self.shards.unwrap_or(1), self.image.as_deref().unwrap_or(""));
        let file = scenario.file_name().map_or("scenario.yaml".into(), |name| name.to_string_lossy());
        let path = scenario.display();
        let quoted = |text: &str| serde_json::Value::from(text).to_string();
        let mut args = vec!["sweep".to_owned(), format!("/scenario/{file}"), "--shards".to_owned(), shards.to_string()];
        let output = Output::of(out, &quoted(&self.volume_claim));
        let Share { threads, memory } = share;
        args.extend(["--out".to_owned(), output.out.clone(), "--threads".to_owned(), threads.to_string()]);
        args.extend(["--max-memory".to_owned(), memory.to_string()]);
        let (requested, limit) = (share.requested(), share.limit());
        args.extend(arguments.iter().cloned());
        let args: Vec<String> = args.iter().map(|argument| format!("        - {}\n", quoted(argument))).collect();
        let (image, args) = (quoted(image), args.concat());
        let Output { header, container, mount, volume, .. } = output;
        let parallelism = shards.min(64);
        format!(
            r#"# The scenario comes from a ConfigMap:  kubectl create configmap {name} --from-file={path}
{header}apiVersion: batch/v1
kind: Job
metadata:
  name: {name}
spec:
  completionMode: Indexed
  completions: {shards}
  parallelism: {parallelism}
  backoffLimitPerIndex: 3
  podFailurePolicy:
    rules:
    # 2: the input is wrong, 4: a limit was reached. The next pod would find the same.
    - action: FailJob
      onExitCodes:
        containerName: jobsim
        operator: In
        values: [2, 4]
    # A drained or preempted node is nobody's fault.
    - action: Ignore
      onPodConditions:
      - type: DisruptionTarget
  template:
    spec:
      restartPolicy: Never
      containers:
      - name: jobsim
        image: {image}
        args:
{args}{container}        resources:
          requests: {{cpu: "{threads}", memory: {requested}Mi}}
          limits: {{cpu: "{threads}", memory: {limit}Mi}}
        volumeMounts:
        - {{name: scenario, mountPath: /scenario, readOnly: true}}
{mount}      volumes:
      - name: scenario
        configMap: {{name: {name}}}
{volume}"#
        )
    }
}

/// What each pod of the Job has of its node.
#[derive(Clone, Copy, Debug)]
pub(super) struct Share {
    /// Threads, and so processors.
    pub(super) threads: usize,
    /// Bytes at which jobsim stops by itself.
    pub(super) memory: u64,
}

/// Of memory.
const MEBIBYTE: u64 = 1 << 20;

/// Bytes for each thread, where nobody says.
const MEMORY_A_THREAD: u64 = 1536 * MEBIBYTE;

impl Share {
    /// What the command line asks for; one thread where it says nothing, for a node is shared.
    ///
    /// # Errors
    /// A sentence if there is no bound.
    pub(super) fn new(threads: usize, max_memory: Option<u64>) -> Result<Share, String> {
        let threads = threads.max(1);
        match max_memory {
            Some(0) => Err("--max-memory 0: a pod's memory is bounded; say how much".to_owned()),
            Some(memory) => Ok(Share { threads, memory }),
            None => Ok(Share { threads, memory: threads as u64 * MEMORY_A_THREAD }),
        }
    }

    /// What is left free on the node, in mebibytes: most scenarios need less than they may have.
    fn requested(self) -> u64 {
        (512 * self.threads as u64).min(self.limit())
    }

    /// In mebibytes, a third above the bound: jobsim looks at its memory now and then, and is to say itself that there is
    /// too little of it, by its exit code.
    fn limit(self) -> u64 {
        self.memory.saturating_add(self.memory / 3).div_ceil(MEBIBYTE).max(64)
    }
}

/// Can the claim be mounted where the shards are to go?
///
/// # Errors
/// A sentence on why not.
pub(super) fn can_be_written(out: Option<&Place>) -> Result<(), String> {
    let Some(folder) = out.and_then(Place::folder) else { return Ok(()) };
    let shown = folder.display();
    if folder.as_os_str() == "none" {
        return Err("--out none: shards that are written nowhere are lost".to_owned());
    }
    let is_plain = folder.components().all(|part| matches!(part, Component::RootDir | Component::Normal(_)));
    let is_taken = folder == Path::new("/") || folder.starts_with(SCENARIO);
    if !folder.to_str().is_some_and(|text| text.starts_with('/') && !text.contains(':')) || !is_plain || is_taken {
        let way = "name an absolute one that is not that of the scenario, an object store, or leave --out out for /out";
        return Err(format!("--out {shown} is no folder that the claim can be mounted at: {way}"));
    }
    Ok(())
}

/// Where the ConfigMap with the scenario is mounted.
const SCENARIO: &str = "/scenario";

/// What the Job says of where its shards go.
struct Output {
    /// As the container sees it.
    out: String,
    header: String,
    /// Lines of the container.
    container: String,
    mount: String,
    volume: String,
}

impl Output {
    fn in_claim(folder: &str, claim: &str) -> Output {
        Output {
            out: folder.to_owned(),
            header: format!(
                "# The results go to the claim; afterwards, with the claim mounted:  jobsim merge {folder}\n"
            ),
            container: String::new(),
            mount: format!("        - {{name: out, mountPath: {}}}\n", serde_json::Value::from(folder)),
            volume: format!("      - name: out\n        persistentVolumeClaim: {{claimName: {claim}}}\n"),
        }
    }

    /// `claim` is quoted.
    fn of(out: Option<&Place>, claim: &str) -> Output {
        match out {
            None => Output::in_claim("/out", claim),
            Some(Place::Folder(folder)) => Output::in_claim(&folder.to_string_lossy(), claim),
            #[cfg(feature = "object-store")]
            Some(Place::Store(address)) => {
                let variables: String =
                    address.variables().iter().map(|name| format!(" --from-literal={name}=..")).collect();
                Output {
                    out: address.to_string(),
                    header: format!(
                        "# The results go to the object store; afterwards:  jobsim merge {address} --out DIR\n\
                         # Credentials come from a Secret, unless the nodes or a service account have them:\n\
                         # kubectl create secret generic {SECRET}{variables}\n"
                    ),
                    container: format!("        envFrom:\n        - secretRef: {{name: {SECRET}, optional: true}}\n"),
                    mount: String::new(),
                    volume: String::new(),
                }
            }
        }
    }
}

/// The Secret with credentials of an object store.
#[cfg(feature = "object-store")]
const SECRET: &str = "jobsim-study";

#[cfg(test)]
mod tests {
    use super::*;

    /// What is said for the Job of so many shards.
    fn all_of(shards: u32) -> ShardArgs {
        ShardArgs {
            shard: None,
            shards: Some(shards),
            emit_job: true,
            image: Some("registry.example/jobsim:1".to_owned()),
            volume_claim: "c".to_owned(),
        }
    }

    #[cfg(feature = "object-store")]
    #[test]
    fn the_job_of_an_object_store_is_valid_and_runs() {
        let place = Place::new("s3://bucket/studies/etl".into()).expect("a place");
        let args = all_of(64);
        let job = args.job("etl-sweep", Path::new("etl.yaml"), Some(&place), ONE, &["-r".to_owned(), "9".to_owned()]);
        assert!(job.contains("- \"--out\"\n        - \"s3://bucket/studies/etl\"\n"), "{job}");
        assert!(job.contains("secretRef: {name: jobsim-study, optional: true}") && !job.contains("/out"), "{job}");
        assert!(
            job.contains("AWS_SECRET_ACCESS_KEY") && job.contains("jobsim merge s3://bucket/studies/etl --out DIR")
        );
        let scenario = crate::scenario::read_str(&job).expect("a valid Job");
        let run = crate::run::run(&scenario, &crate::run::RunOptions::default());
        assert_eq!(run.jobs[0].rows.last().map(|row| row.status), Some("Complete"));
        assert_eq!(run.pods.len(), 64);
    }

    /// What a pod has where nothing is said.
    #[cfg(feature = "object-store")]
    const ONE: Share = Share { threads: 1, memory: MEMORY_A_THREAD };

    #[test]
    fn pods_have_what_the_command_asks_for() {
        let args = all_of(4);
        let check = |threads: usize, memory: Option<u64>, out: &str, parts: &[&str]| {
            let place = Place::new(out.into()).expect("a place");
            can_be_written(Some(&place)).expect("a folder");
            let share = Share::new(threads, memory).expect("a share");
            let job = args.job("etl-sweep", Path::new("etl.yaml"), Some(&place), share, &[]);
            parts.iter().for_each(|part| assert!(job.contains(part), "{part}: {job}"));
            crate::scenario::read_str(&job).expect("a valid Job");
        };
        let all = "requests: {cpu: \"1\", memory: 512Mi}\n          limits: {cpu: \"1\", memory: 2048Mi}";
        check(0, None, "/out", &[all, "- \"--threads\"\n        - \"1\"", "- \"1610612736\""]);
        let all = "requests: {cpu: \"4\", memory: 2048Mi}\n          limits: {cpu: \"4\", memory: 8192Mi}";
        check(
            4,
            None,
            "/data/etl",
            &[all, "- \"4\"", "mountPath: \"/data/etl\"", "- \"/data/etl\"", "merge /data/etl"],
        );
        check(2, Some(300 << 20), "/out", &["memory: 400Mi}\n          limits: {cpu: \"2\", memory: 400Mi}"]);
        assert!(Share::new(1, Some(0)).is_err());
        for out in ["none", "results", "/", "/scenario/out", "/a/../b", "/a:b"] {
            let place = Place::new(out.into()).expect("a place");
            can_be_written(Some(&place)).expect_err(out);
        }
        let part = ShardArgs { shard: Some(Shard { shard: 3, shards: 64 }), shards: None, ..args };
        assert!(part.are_all().expect_err("one part").contains("give --shards 64"));
    }

    #[test]
    fn a_job_that_could_not_run_is_not_printed() {
        let folder = tempfile::tempdir().expect("a folder");
        let args = all_of(64);
        let check = |name: &str, file: &Path, side_files: &[&str], part: &str| {
            let side_files: Vec<String> = side_files.iter().map(|file| (*file).to_owned()).collect();
            let error = args.can_be_mounted(name, file, &side_files).err().unwrap_or_default();
            assert!(error.contains(part) && error.is_empty() == part.is_empty(), "{name} {}: {error}", file.display());
        };
        let file = Path::new("a/etl_2.yaml");
        check("etl-sweep", file, &[], "");
        check(&"e".repeat(60), file, &[], "");
        check(&"e".repeat(61), file, &[], "up to 60 of them");
        check("ätl-sweep", file, &[], "cannot be the Job's name");
        check("etl-sweep", Path::new("-"), &[], "standard input");
        check("etl-sweep", folder.path(), &[], "is a folder");
        check("etl-sweep", Path::new("my etl.yaml"), &[], "is no key of a ConfigMap");
        check("etl-sweep", file, &["times.csv"], "the scenario reads times.csv");
        let wrong = |args: ShardArgs| args.can_be_mounted("etl-sweep", file, &[]).expect_err("a sentence");
        assert!(wrong(ShardArgs { volume_claim: "Bad_Name".to_owned(), ..all_of(4) }).contains("Bad_Name"));
        assert!(wrong(ShardArgs { image: Some("x y".to_owned()), ..all_of(4) }).contains("\"x y\""));
    }

    #[test]
    fn the_index_comes_from_the_machine() {
        let args = |shards| ShardArgs { shards, emit_job: false, ..all_of(1) };
        let check = |set: &[(&str, &str)], expected: Result<u32, &str>| {
            let variable = |name: &str| set.iter().find(|(of, _)| *of == name).map(|(_, value)| (*value).to_owned());
            match (args(Some(64)).shard(variable), expected) {
                (Ok(Some(shard)), Ok(index)) => assert_eq!((shard.shard, shard.shards), (index, 64)),
                (Err(error), Err(part)) => assert!(error.contains(part), "{error}"),
                (found, _) => panic!("{set:?}: {found:?}"),
            }
        };
        check(&[("JOB_COMPLETION_INDEX", "3")], Ok(3));
        check(&[("SLURM_ARRAY_TASK_ID", "63")], Ok(63));
        check(&[], Err("neither JOB_COMPLETION_INDEX nor SLURM_ARRAY_TASK_ID is set"));
        check(&[("JOB_COMPLETION_INDEX", "64")], Err("there is no shard 64 of 64"));
        check(&[("JOB_COMPLETION_INDEX", "x")], Err("is not a number"));
        assert_eq!(args(None).shard(|_| None), Ok(None));
    }
}
