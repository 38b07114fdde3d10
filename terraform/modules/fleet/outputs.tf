output "name" {
  description = "Of the group and of its launch template."
  value       = aws_autoscaling_group.this.name
}

output "launch_template_id" {
  value = aws_launch_template.this.id
}

output "role_arn" {
  value = aws_iam_role.this.arn
}

output "policy" {
  description = "The role's policy as JSON."
  value       = aws_iam_role_policy.this.policy
}

output "user_data" {
  value = local.user_data
}
