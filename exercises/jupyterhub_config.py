"""A JupyterHub for one course: students hand in on the hub, instructors grade there.

An example to start from, for JupyterHub 5 with nbgrader installed beside it. Change the names, then

    jupyterhub -f jupyterhub_config.py --show-config     # is every line understood?
    jupyterhub -f jupyterhub_config.py

On the hub's machine, once: make the account GRADER; as GRADER, `make release PS=ps1 COURSE=~/COURSE`
in a clone of the book; write `c.CourseDirectory.course_id = "rnns"` into /etc/jupyter/nbgrader_config.py;
enable nbgrader's extensions, Formgrader for GRADER only (`jupyter server extension enable ...`, see
nbgrader's manual). The settings that `make release` wrote make the hub run students' notebooks in the
jail too.
"""

COURSE = "rnns"  # also nbgrader's course_id; the group's name must be formgrade-COURSE
GRADER = "grader-rnns"  # an account of its own, which owns the course folder and nothing else
INSTRUCTORS = {"instructor-1", "instructor-2"}
STUDENTS = {"student-1", "student-2"}

c = get_config()  # JupyterHub puts this name there

c.Authenticator.allowed_users = INSTRUCTORS | STUDENTS

# What a student's own server may use. The default spawner cannot enforce it; those that start
# containers can. The jail that grades has limits of its own.
c.Spawner.mem_limit = "4G"
c.Spawner.cpu_limit = 2.0
c.Spawner.default_url = "/lab"

# The course is a service: one notebook server that runs as GRADER, for all who grade.
c.JupyterHub.services = [
    {
        "name": COURSE,
        "url": "http://127.0.0.1:9999",
        "command": ["jupyterhub-singleuser"],
        "user": GRADER,
        "cwd": f"/home/{GRADER}/{COURSE}",
        "environment": {"JUPYTERHUB_DEFAULT_URL": "/lab"},
    }
]
c.JupyterHub.load_groups = {
    f"formgrade-{COURSE}": {"users": sorted(INSTRUCTORS)},
    f"nbgrader-{COURSE}": {"users": sorted(STUDENTS)},
}
c.JupyterHub.load_roles = [
    {
        "name": f"formgrade-{COURSE}",
        "groups": [f"formgrade-{COURSE}"],
        "scopes": [
            f"access:services!service={COURSE}",
            "list:services",
            f"read:services!service={COURSE}",
        ],
    },
    {
        "name": f"nbgrader-{COURSE}",
        "groups": [f"nbgrader-{COURSE}"],
        "scopes": ["list:services", f"read:services!service={COURSE}"],
    },
    {"name": "server", "scopes": ["inherit"]},  # nbgrader's lists ask the hub as the user
]
