"""A job as a DAG of one task, for Airflow 3 (it goes into the folder of DAGs).

Airflow says when; tsanomaly is told the end of the interval and runs once for it. A task that Airflow starts again, or
twice, does no harm: a run is (job, time), and one that is done is not done again. The job's file needs no schedule.

The worker needs the command ``tsanomaly`` on its path, and what job files name in its environment.
"""

from datetime import datetime, timedelta

from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG

with DAG(
    dag_id="tsanomaly_pump_hourly",
    schedule="15 * * * *",
    start_date=datetime(2026, 1, 1),
    catchup=False,  # what was missed is scored by the next run: it reaches back to the watermark
    max_active_runs=1,
    tags=["tsanomaly"],
):
    BashOperator(
        task_id="score",
        bash_command="tsanomaly run pump-hourly --at {{ data_interval_end | ts }}",
        append_env=True,
        env={"TSANOMALY_LOG": "json"},
        retries=3,
        retry_delay=timedelta(minutes=5),
        execution_timeout=timedelta(hours=2),
    )
