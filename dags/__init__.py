"""When the steps run: schedules, order, retries. Airflow reads this folder; nobody imports it."""
